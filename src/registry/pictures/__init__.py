"""Pictures: what people send becomes a few small files of our own making, and only those are ever served.

``formats`` tells by its first bytes what a picture is, and says what is wrong with what is none; it needs no
library, so the web process has none that decodes pictures. ``process`` has one made, by a program of its own
for each picture (``child``): a decoder is the part of a registry that strangers' bytes get furthest into, so it
runs with little memory and time and ends with the picture. A process costs about 0.1 s of one core, most of it
the start of Python; pictures are rare beside packages, and an unchanged one is not made again.

What is made, whatever came in:

    icon         PNG, square, transparent where the picture is not, 32, 64 and 128 px: no picture is enlarged,
                 and there is no size beyond the first that holds the whole of it
    screenshot   WebP, `full` at most 1600 px and `thumbnail` at most 320 px wide and high

Only pixels go over: turned as EXIF says, in sRGB, the first frame of an animation. Metadata, profiles and whatever
else was in the file or behind it stay out. Equal bytes in make equal bytes out, with the same Pillow.
"""

from registry.pictures.formats import PictureRefused, kind_of

__all__ = ["PictureRefused", "kind_of"]
