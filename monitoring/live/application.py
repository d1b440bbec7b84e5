"""The live page's addresses: the page, its files, the events, the pictures, and the door for a token."""

from collections.abc import Awaitable, Callable
from typing import Final, cast, final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from monitoring.live.guard import MOST_FORM, NO_TOKEN, Guard, token_of_form
from monitoring.live.static_files import StaticFile, static_files
from monitoring.live.view import Place
from monitoring.metrics import LIVE_REFUSED

FindPicture = Callable[[str, Place, int], Awaitable[bytes | None]]

FOR_EVERYBODY: Final = ("style.css", "icon.svg")
"""Files that show nothing of the house, and that the door needs."""


def live_application(guard: Guard, events: ASGIApp, picture: FindPicture) -> Router:
    """Put the page together.

    Args:
        guard: Says who may see it.
        events: Streams the states.
        picture: Finds a picture by camera, side and version.
    """
    rooms = _Rooms(guard, picture, static_files())
    return Router(
        routes=[
            Route("/", rooms.page),
            Route("/enter", rooms.enter, methods=["POST"]),
            Route("/static/{name}", rooms.static),
            Route("/picture/{camera}/{side}/{version:int}", rooms.picture),
            Route("/events", _Inside(guard, events)),
        ]
    )


@final
class _Rooms:
    """What stands behind each address."""

    def __init__(self, guard: Guard, picture: FindPicture, static: dict[str, StaticFile]) -> None:
        self._guard = guard
        self._picture = picture
        self._static = static

    async def page(self, request: Request) -> Response:
        if "token" in request.query_params:
            return self._shown(request.query_params["token"])
        if self._guard.knows(request.headers):
            return self._file("page.html")
        return self._file("door.html", 401)

    async def enter(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_FORM:
                return PlainTextResponse("This is more than a token.\n", 413)
        return self._shown(token_of_form(body))

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FOR_EVERYBODY and not self._guard.knows(request.headers):
            return _no_token()
        if name not in self._static:
            return PlainTextResponse("There is no such file.\n", 404)
        return self._file(name)

    async def picture(self, request: Request) -> Response:
        if not self._guard.knows(request.headers):
            return _no_token()
        side = request.path_params["side"]
        found = None
        if side in ("house", "cloud"):
            place = cast("Place", side)
            found = await self._picture(request.path_params["camera"], place, request.path_params["version"])
        if found is None:
            return PlainTextResponse("There is no such picture now.\n", 404)
        return Response(found, media_type="image/jpeg")

    def _shown(self, token: str) -> Response:
        if not self._guard.wants_token:
            return RedirectResponse("/", 303)
        if not self._guard.accepts(token):
            LIVE_REFUSED.labels(NO_TOKEN.reason).inc()
            return self._file("wrong.html", 401)
        # A page that goes on by itself, not a redirect: a browser that came from elsewhere (a link in a
        # message) would follow a redirect without its new SameSite=Strict cookie.
        welcome = self._file("welcome.html")
        welcome.headers["Set-Cookie"] = self._guard.cookie
        return welcome

    def _file(self, name: str, status: int = 200) -> Response:
        file = self._static[name]
        return Response(file.body, status, media_type=file.media_type)


@final
class _Inside:
    """An ASGI application for those alone who have shown the token."""

    def __init__(self, guard: Guard, app: ASGIApp) -> None:
        self._guard = guard
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        app = self._app if self._guard.knows(request.headers) else _no_token()
        await app(scope, receive, send)


def _no_token() -> PlainTextResponse:
    LIVE_REFUSED.labels(NO_TOKEN.reason).inc()
    return PlainTextResponse(NO_TOKEN.text, NO_TOKEN.status)
