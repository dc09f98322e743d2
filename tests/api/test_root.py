"""The root says where to go on, and what it says is there."""


def test_the_root_leads_on(app):
    index = app.get("/").json
    for name in ("extensions", "openapi", "openapi_v3"):
        app.get(index[name].removeprefix("http://127.0.0.1:6543"))
