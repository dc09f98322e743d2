"""A browser, as far as logging in needs one: it keeps cookies and goes where it is sent."""

import requests
import webtest

SITE = "http://127.0.0.1:6543"


class Browser:
    def __init__(self, app: webtest.TestApp):
        self.app = app

    def get(self, address: str, **options) -> webtest.TestResponse:
        return self.app.get(address.removeprefix(SITE), **options)

    def start(self, provider: str, after: str = "") -> str:
        """Begin to log in: where the browser is sent."""
        query = f"?next={after}" if after else ""
        return self.get(f"/login/{provider}/{query}", status=302).headers["Location"]

    def approve(self, address: str, subject: str) -> str:
        """Log in at the OpenID provider as ``subject``: where the browser is sent back to."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def log_in(self, subject: str, provider: str = "corp", after: str = "") -> webtest.TestResponse:
        return self.get(self.approve(self.start(provider, after), subject), status=303)

    def developer(self, username: str) -> webtest.TestResponse:
        page = self.get("/login/developer", headers={"Accept": "text/html"})
        form = page.forms[0]
        form["username"] = username
        return form.submit(status=303)

    def session(self) -> dict:
        """The session one is logged in with."""
        return self.get("/api/v4/users/me/sessions/current/").json

    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.session()["csrf_token"]}
