"""What is made of a picture: pixels alone, in few sizes, whatever came in and however hostile it is."""

import struct
import zlib

import pytest
from PIL import Image, ImageCms, ImageDraw

from registry.pictures import PictureRefused, kind_of
from registry.pictures.process import make
from support.archives import build_zip
from support.pictures import BLUE, GREEN, RED, chunk, encoded, opened, picture, png

KINDS = ("PNG", "JPEG", "WEBP")
PIXELS = 1_000_000


def made(data, role="icon", pixels=PIXELS, seconds=10):
    return {file.name: file for file in make(data, role, pixels=pixels, seconds=seconds)}


def icon(data):
    """The largest icon made of it."""
    files = made(data)
    return opened(files[max(files, key=int)].data)


def refused(data, role="icon", **limits):
    with pytest.raises(PictureRefused) as caught:
        made(data, role, **limits)
    return caught.value


def near(found, wanted):
    return all(abs(one - other) <= 12 for one, other in zip(found, wanted, strict=False))


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((16, 16), ["32"]),
        ((32, 20), ["32"]),
        ((48, 48), ["32", "64"]),
        ((96, 96), ["32", "64", "128"]),
        ((300, 100), ["32", "64", "128"]),
    ],
)
def test_icons_are_square_and_not_enlarged(size, names):
    files = made(picture(size))
    assert list(files) == names
    for name, file in files.items():
        small = opened(file.data)
        assert (small.format, small.mode, small.size) == ("PNG", "RGBA", (int(name), int(name)))
        left, top, right, bottom = small.getbbox()
        width, height = right - left, bottom - top
        assert max(width, height) == min(max(size), int(name))
        assert abs(width * size[1] - height * size[0]) <= max(size)
        assert small.getpixel((int(name) // 2, int(name) // 2)) == (*RED, 255)


@pytest.mark.parametrize("kind", KINDS)
def test_screenshots_have_a_full_and_a_small_size(kind):
    files = made(picture((2400, 1200), kind=kind), "screenshot", 10_000_000)
    assert [(file.name, file.suffix, file.width, file.height) for file in files.values()] == [
        ("full", "webp", 1600, 800),
        ("thumbnail", "webp", 320, 160),
    ]
    for file in files.values():
        shown = opened(file.data)
        assert (shown.format, shown.size) == ("WEBP", (file.width, file.height))
        assert near(shown.getpixel((5, 5)), RED)
    small = made(picture((200, 100), kind=kind), "screenshot")
    assert {(file.width, file.height) for file in small.values()} == {(200, 100)}
    narrow = made(picture((20_000, 2), kind="PNG"), "screenshot")
    assert {(file.width, file.height) for file in narrow.values()} == {(1600, 1), (320, 1)}


def test_equal_bytes_make_equal_bytes():
    data = encoded(Image.effect_noise((500, 300), 60))
    for role in ("icon", "screenshot"):
        assert make(data, role, pixels=PIXELS, seconds=10) == make(data, role, pixels=PIXELS, seconds=10)


@pytest.mark.parametrize("kind", KINDS)
def test_only_pixels_go_over(kind):
    source = Image.new("RGB", (400, 400), RED)
    exif = source.getexif()
    exif[0x010E], exif[0x8298] = "SECRET place", "SECRET owner"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(
        source, kind, exif=exif.tobytes(), icc_profile=profile, xmp=b"<x>SECRET xmp</x>", comment="SECRET"
    )
    data += b"SECRET tail <script>alert(1)</script>"
    for role in ("icon", "screenshot"):
        for file in made(data, role).values():
            assert b"SECRET" not in file.data
            shown = opened(file.data)
            assert not set(shown.info) - {"background", "loop", "timestamp", "duration"}
            assert not shown.getexif()


@pytest.mark.parametrize("turn", range(1, 9))
def test_it_is_turned_as_exif_says(turn):
    upright = Image.new("RGB", (80, 40), GREEN)
    upright.paste(RED, (0, 0, 40, 20))  # the top left
    turned = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[turn]  # fmt: skip
    stored = upright if turned is None else upright.transpose(turned)
    exif = stored.getexif()
    exif[0x0112] = turn
    full = made(encoded(stored, exif=exif.tobytes()), "screenshot")["full"]
    assert (full.width, full.height) == (80, 40)
    shown = opened(full.data)
    assert near(shown.getpixel((10, 5)), RED)
    assert near(shown.getpixel((70, 5)), GREEN)
    assert near(shown.getpixel((10, 35)), GREEN)


def test_colours_of_other_modes():
    palette = Image.new("P", (64, 64), 1)
    palette.putpalette([*RED, *BLUE])
    assert icon(encoded(palette)).getpixel((32, 32)) == (*BLUE, 255)
    # Palette and transparency: the first colour is no colour.
    palette.paste(0, (0, 0, 32, 64))
    clear = icon(encoded(palette, transparency=0))
    assert (clear.getpixel((10, 32))[3], clear.getpixel((50, 32))) == (0, (*BLUE, 255))
    assert icon(picture((64, 64), (0, 255, 0, 128), mode="RGBA")).getpixel((32, 32)) == (0, 255, 0, 128)
    assert icon(encoded(Image.new("RGB", (64, 64), RED), transparency=RED)).getpixel((32, 32))[3] == 0
    assert icon(picture((64, 64), (200, 90), mode="LA")).getpixel((32, 32)) == (200, 200, 200, 90)
    assert icon(picture((64, 64), 1, mode="1")).getpixel((32, 32)) == (255, 255, 255, 255)
    assert near(icon(picture((64, 64), 0x8000, mode="I;16")).getpixel((32, 32)), (128, 128, 128, 255))
    # No ink but black; and Adobe's inverted inks.
    assert near(icon(picture((64, 64), (0, 255, 255, 0), "JPEG", "CMYK")).getpixel((32, 32)), RED)


def test_colours_of_other_profiles():
    """A profile whose red is green: what it says is what is seen."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for number in range(struct.unpack(">I", profile[128:132])[0]):
        name, start, size = struct.unpack(">4sII", profile[132 + 12 * number : 144 + 12 * number])
        tags[name] = (132 + 12 * number, start, size)
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red[0] + 4 : red[0] + 12], profile[green[0] + 4 : green[0] + 12] = (
        struct.pack(">II", *green[1:]),
        struct.pack(">II", *red[1:]),
    )
    for mode, colour in (("RGB", RED), ("RGBA", (*RED, 255))):
        data = picture((64, 64), colour, mode=mode, icc_profile=bytes(profile))
        assert near(icon(data).getpixel((32, 32)), (*GREEN, 255))
    # One that is none is not looked at.
    assert icon(picture((64, 64), icc_profile=b"nonsense" * 40)).getpixel((32, 32)) == (*RED, 255)
    assert near(
        icon(picture((64, 64), (0, 255, 255, 0), "JPEG", "CMYK", icc_profile=bytes(profile))).getpixel(
            (32, 32)
        ),
        RED,
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_what_moves_the_first_frame(kind):
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=40, lossless=True)
    assert opened(data).n_frames == 3
    still = icon(data)
    assert near(still.getpixel((32, 32)), (*RED, 255))
    assert getattr(still, "n_frames", 1) == 1


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (SVG, "PICTURE_SVG", "scripts"),
        (b"  \n<SVG></SVG>", "PICTURE_SVG", "scripts"),
        (picture(kind="GIF"), "PICTURE_FORMAT", "a GIF"),
        (b"GIF89a/*;*/=1;alert(1)", "PICTURE_FORMAT", "a GIF"),
        (picture(kind="BMP"), "PICTURE_FORMAT", "a BMP"),
        (picture(kind="TIFF"), "PICTURE_FORMAT", "a TIFF"),
        (b"\0\0\0\x20ftypavif", "PICTURE_FORMAT", "AVIF"),
        (b"%PDF-1.7", "PICTURE_FORMAT", "a PDF"),
        (build_zip({"a": b"b"}), "PICTURE_FORMAT", "a zip file"),
        (b"<html>", "PICTURE_FORMAT", "no picture"),
        (b"", "PICTURE_FORMAT", "no picture"),
    ],
)
def test_what_is_no_picture_is_told_by_its_first_bytes(data, code, said):
    with pytest.raises(PictureRefused, match=said) as caught:
        kind_of(data)
    assert caught.value.code == code
    assert "PNG" in str(caught.value)


def test_a_picture_that_is_something_else_too_is_only_a_picture_afterwards():
    for tail in (build_zip({"evil.js": b"alert(1)"}), b"/*<script>alert(1)</script>*/", SVG):
        for kind in KINDS:
            for file in made(picture(kind=kind) + tail).values():
                assert b"evil.js" not in file.data
                assert b"script" not in file.data


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(kind):
    noisy = Image.effect_noise((300, 300), 90).convert("RGB")
    data = encoded(noisy, kind)
    for end in (13, 60, len(data) // 2, len(data) - 40):
        assert refused(data[:end]).code == "PICTURE_UNREADABLE"


def test_other_kinds_under_a_false_flag():
    """Only the decoder that the first bytes stand for is asked."""
    assert refused(b"\x89PNG\r\n\x1a\n" + picture(kind="GIF")).code == "PICTURE_UNREADABLE"
    assert refused(b"RIFF\0\0\0\0WEBP" + SVG).code == "PICTURE_UNREADABLE"


def test_bombs():
    rows = zlib.compress(bytes(10_000), 9)
    for width, height in ((60_000, 60_000), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1), (1001, 1000)):
        found = refused(png(width, height, rows))
        assert found.code in ("PICTURE_TOO_LARGE", "PICTURE_UNREADABLE")
    assert "1001 by 1000" in str(refused(picture((1001, 1000))))
    # What unpacks to a thousand times its size: text, a profile, rows behind the picture.
    rows, bomb = b"".join(b"\0" + bytes(RED) * 64 for _ in range(64)), zlib.compress(bytes(50_000_000), 9)
    for extra in (chunk(b"zTXt", b"a\0\0" + bomb), chunk(b"iCCP", b"a\0\0" + bomb)):
        assert refused(png(64, 64, zlib.compress(rows), extra)).code == "PICTURE_UNREADABLE"
    assert made(png(64, 64, zlib.compress(rows + bytes(50_000_000))))


def test_what_takes_too_much_is_ended():
    assert refused(many_scans(), "screenshot", pixels=100_000_000, seconds=1).code == "PICTURE_TOO_COSTLY"


def many_scans():
    """A JPEG that repaints all of its pixels hundreds of times: a progressive one whose last scan is repeated."""
    data = encoded(Image.effect_noise((1000, 1000), 90), "JPEG", progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 300 + b"\xff\xd9"


def test_small_text_stays_legible():
    """Not a lost picture: what was drawn is still there."""
    source = Image.new("RGB", (1600, 900), "white")
    ImageDraw.Draw(source).rectangle((100, 100, 900, 500), outline="black", width=3)
    shown = opened(made(encoded(source), "screenshot", 10_000_000)["full"].data).convert("L")
    assert shown.getpixel((101, 300)) < 60
    assert shown.getpixel((500, 300)) > 230
