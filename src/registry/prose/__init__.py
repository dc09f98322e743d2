"""What people write about their extensions, made fit to be shown: Markdown as safe HTML, changelogs as entries.

All of it is made when a package comes in or a text is edited, never when somebody reads.
"""
