"""Each pair of pictures is asked for once, and none is kept when nobody watches."""

import asyncio

from monitoring.live.album import KEPT, Album
from tests.live_feed import MemoryFeed, jpeg, shade_of


async def test_both_sides_of_one_frame_are_asked_for_once_however_many_watch() -> None:
    feed = MemoryFeed()
    album = Album(feed)
    with album.watched():
        found = await asyncio.gather(
            *(album.picture("front-door", side, 1) for side in ("house", "cloud") for _ in range(5))  # type: ignore[arg-type]
        )
    assert set(found) == {jpeg(shade_of(1)), jpeg(122)}
    assert feed.pictures_asked == 1


async def test_the_other_side_is_found_though_a_newer_frame_has_come() -> None:
    feed = MemoryFeed()
    album = Album(feed)
    with album.watched():
        for version in range(1, KEPT + 2):
            assert await album.picture("front-door", "house", version) == jpeg(shade_of(version))
            feed.step("front-door")
        assert await album.picture("front-door", "house", 2) == jpeg(shade_of(2))
        assert await album.picture("front-door", "house", 1) == jpeg(shade_of(KEPT + 2)), "the newest instead"


async def test_nothing_is_asked_for_or_kept_while_nobody_watches() -> None:
    feed = MemoryFeed()
    album = Album(feed)
    assert await album.picture("front-door", "house", 1) is None
    with album.watched():
        assert await album.picture("front-door", "house", 1)
    assert await album.picture("front-door", "house", 1) is None
    assert feed.pictures_asked == 1


async def test_a_camera_that_is_not_there_has_no_picture() -> None:
    album = Album(MemoryFeed())
    with album.watched():
        assert await album.picture("../etc/passwd", "house", 1) is None
