"""The signing APIs of Mozilla's add-on site, as its clients speak them."""
