"""Every panel and every rule, asked of a real Prometheus while the pipeline answers a real clip."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from camera_node.settings import CameraSpec
from feature_node.budget.settings import BudgetSettings
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.policy import Policy
from tests.servers import LOOPBACK, free_port, require_program, until
from tests.system.command import Command, penumbra
from tests.system.nodes import Node
from tests.system.pipeline import BUNDLE, MONITOR, BrokerServer, Setup, running_setup
from tests.system.prometheus import Prometheus, Target, running_prometheus
from tests.system.test_distributed import distributed
from tests.unit.monitoring.queries import rules
from tests.unit.monitoring.test_dashboards import DASHBOARDS, panels

NOISY = "gender-private"
ONE_FACE, CROWD = Path("videos/intel_asl_5people/again.mkv"), Path("videos/facenet_crowd_1080p/video.mp4")
WITHIN = 100.0
HELPERS_PAGE = "Penumbra / Helpers"
HELPERS_ALERT = "PenumbraHelpersTooFew"
"""It watches edges that spread their extractor, and no other."""
INTERVAL = "20s"
"""What Grafana would make of $__rate_interval, where nodes are asked every second."""

pytestmark = pytest.mark.timeout(300)


@asynccontextmanager
async def watched_pipeline(
    folder: Path, cameras: tuple[CameraSpec, ...], *, bundle: str, edge: dict[str, Any]
) -> AsyncIterator[Prometheus]:
    """Real clips through everything, and Prometheus beside it."""
    async with AsyncExitStack() as stack:
        setup = await stack.enter_async_context(
            running_setup(
                folder,
                cameras=[camera.name for camera in cameras],
                bundle=bundle,
                edge=edge,
                analyzer={"ttl_seconds": 1},  # so that the network has work again, not the cache alone
                statistics=True,
            )
        )
        camera = setup.camera(*cameras)
        camera.start()
        monitors = [
            Target("broker", f"{broker.side.label}-broker", await monitor(stack, folder, broker))
            for broker in (setup.private, setup.cloud)
        ]
        await camera.alive()
        nodes = [Target("camera", "cameras", camera.served_at), *_nodes(setup)]
        yield await stack.enter_async_context(running_prometheus(folder / "prometheus", *nodes, *monitors))
        camera.assert_no_traceback()


def _cameras(data_dir: Path) -> tuple[CameraSpec, CameraSpec]:
    front, crowd = str(data_dir / ONE_FACE), str(data_dir / CROWD)
    return (
        CameraSpec(name="front", source=front, loop=True, fps=4, pace="realtime"),
        CameraSpec(name="crowd", source=crowd, loop=True, fps=2, size=(640, 360), pace="realtime"),
    )


def _nodes(setup: Setup) -> list[Target]:
    named: dict[str, Node] = {"edge": setup.edge, "analyzer": setup.analyzer}
    return [Target(role, node.name, node.served_at) for role, node in named.items()]


async def monitor(stack: AsyncExitStack, folder: Path, broker: BrokerServer) -> str:
    """Run `penumbra broker metrics` beside a broker; where its page is."""
    address = broker.address(MONITOR.username)
    command: Command = await stack.enter_async_context(
        penumbra(
            folder,
            *("broker", "metrics", "--side", broker.side.label),
            *("--broker", f"mqtt://{MONITOR.username}@{address.host}:{address.port}"),
            *("--password-file", str(address.password_file)),
        )
    )
    await command.said("http://127.0.0.1:")
    found = re.search(r"http://(127\.0\.0\.1:\d+)", command.out + command.err)
    assert found is not None
    return found[1]


async def empty_ones(prometheus: Prometheus, expressions: dict[str, str]) -> list[str]:
    """Those that have no number yet."""
    found = await asyncio.gather(*(prometheus.query(each) for each in expressions.values()))
    return [name for name, series in zip(expressions, found, strict=True) if not series]


async def all_answered(prometheus: Prometheus, expressions: dict[str, str]) -> None:
    """Wait until every expression has data, and say which have not."""
    missing = list(expressions)

    async def none_missing() -> bool:
        missing[:] = await empty_ones(prometheus, expressions)
        return not missing

    try:
        await until(none_missing, "data for every expression", WITHIN)
    except pytest.fail.Exception:
        pytest.fail("no data for " + "".join(f"\n  {name}: {expressions[name]}" for name in missing))


def filled_in(expression: str) -> str:
    """An expression as Grafana sends it where all sites, cameras and nodes are chosen."""
    text = expression.replace("$__rate_interval", INTERVAL)
    return re.sub(r"\$[a-z]+", ".*", text)


def never_compared(expression: str) -> str:
    """What an alert looks at, whatever its value: the comparisons that hold back what is well taken out."""
    return re.sub(r"\s*(?:==|>)\s*[\d.]+", "", expression.partition("unless")[0])


Asked = dict[str, tuple[str, str]]


def queries(*, with_excuses: bool = True, of: str = "") -> Asked:
    """Each panel's expressions and legends, by where they stand; also of those that may be empty."""
    return {
        f"{page['title']}: {panel['title']} ({target['refId']})": (
            filled_in(target["expr"]),
            target["legendFormat"],
        )
        for page in DASHBOARDS.values()
        if of in ("", page["title"])
        for panel in panels(page)
        for target in panel["targets"]
        if with_excuses or "noValue" not in panel["fieldConfig"]["defaults"]
    }


async def test_every_panel_and_every_rule_has_data(data_dir: Path, tmp_path: Path) -> None:
    require_program("prometheus")
    # The crowd costs more than the site allows, so the gate has something to refuse.
    edge = {
        "policy": Policy(max_epsilon_joint=8.0),
        "budget": BudgetSettings(minute=1e6, hour=1e6, day=1e6),
        "webhook": WebhookSettings(url=f"http://{LOOPBACK}:{free_port()}/nobody-is-there"),
    }
    async with watched_pipeline(tmp_path, _cameras(data_dir), bundle=NOISY, edge=edge) as prometheus:
        excused = queries(with_excuses=True, of=HELPERS_PAGE)
        asked = {name: query for name, query in queries().items() if name not in excused}
        alerts = alert_expressions()
        del alerts[HELPERS_ALERT]
        expressions = {name: expr for name, (expr, _) in asked.items()} | {
            name: name for name in rules("record")
        }
        await all_answered(prometheus, expressions | alerts)
        await every_legend_has_its_labels(prometheus, asked)
        await every_alert_has_its_labels(prometheus, alerts)
        assert {rule["health"] for rule in await prometheus.rules()} == {"ok"}
        assert {target["health"] for target in await prometheus.targets()} == {"up"}
        await the_choices_are_there(prometheus)
        await what_is_wrong_is_told(prometheus)


def alert_expressions() -> dict[str, str]:
    """What each alert looks at."""
    return {name: never_compared(rule["expr"]) for name, rule in rules("alert").items()}


async def every_legend_has_its_labels(prometheus: Prometheus, asked: Asked) -> None:
    """Series have the labels that their legend names, and no two of a panel are called the same."""
    for name, (expression, legend) in asked.items():
        wanted = set(re.findall(r"{{(\w+)}}", legend))
        several = await prometheus.query(expression)
        for series in several:
            if "none" not in series.labels.values():  # nothing happened yet, so nothing has a name
                assert wanted <= set(series.labels), f"{name}: {legend} of {dict(series.labels)}"
        names = [re.sub(r"{{(\w+)}}", lambda m, s=each: s.labels.get(m[1], ""), legend) for each in several]
        assert len(set(names)) == len(names), f"{name}: two series are called the same: {names}"


async def every_alert_has_its_labels(prometheus: Prometheus, alerts: dict[str, str]) -> None:
    """An alert's words name only what its series have."""
    for name, expression in alerts.items():
        spoken = str(rules("alert")[name]["annotations"])
        wanted = set(re.findall(r"\$labels\.(\w+)", spoken))
        for series in await prometheus.query(expression):
            assert wanted <= set(series.labels), f"{name} speaks of {wanted}"


async def the_choices_are_there(prometheus: Prometheus) -> None:
    """Every variable of every page has something to choose."""
    for page in DASHBOARDS.values():
        for variable in page["templating"]["list"]:
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", str(variable["query"]))
            if found is not None:
                series = await prometheus.query(filled_in(found[1]))
                assert {each.labels.get(found[2]) for each in series} - {None}, variable["query"]


async def what_is_wrong_is_told(prometheus: Prometheus) -> None:
    """The crowd costs more privacy than a message may: the gate refuses, and the alarm says so."""
    fired = 'ALERTS{alertname="PenumbraGateRefuses", camera="crowd", alertstate="firing"}'

    async def told() -> bool:
        return bool(await prometheus.query(fired))

    await until(told, "the alarm of the gate", WITHIN)
    (alarm,) = await prometheus.query(fired)
    assert alarm.labels["reason"] == "over-epsilon-ceiling"
    assert not await prometheus.query('ALERTS{camera="front", alertstate="firing"}')


async def test_without_noise_and_trouble_no_panel_is_empty_but_those_that_say_why(
    data_dir: Path, tmp_path: Path
) -> None:
    require_program("prometheus")
    async with watched_pipeline(tmp_path, _cameras(data_dir)[:1], bundle=BUNDLE, edge={}) as prometheus:
        filled = {name: expression for name, (expression, _) in queries(with_excuses=False).items()}
        await all_answered(prometheus, filled)
        excused = {name: expression for name, (expression, _) in queries().items() if name not in filled}
        empty = await empty_ones(prometheus, excused)
        helpers = [name for name in queries(of=HELPERS_PAGE) if name not in filled]
        assert {name for name in empty if name in helpers} == set(helpers)
        assert [name.partition(": ")[2] for name in empty if name not in helpers] == [
            "ε of a message, joint (A)",
            "ε of one number (A)",
            "Budget spent, of each window's limit (A)",
        ]
        assert not await prometheus.query('ALERTS{alertstate="firing"}')


async def test_every_panel_of_the_helpers_has_data_and_too_few_of_them_are_told(
    data_dir: Path, tmp_path: Path
) -> None:
    require_program("prometheus")
    async with distributed(tmp_path) as setup:
        camera = setup.camera(_cameras(data_dir)[0])
        camera.start()
        await camera.alive()
        helpers = [Target("helper", name, node.served_at) for name, node in setup.helpers.items()]
        nodes = (Target("camera", "cameras", camera.served_at), *_nodes(setup), *helpers)
        async with running_prometheus(tmp_path / "prometheus", *nodes) as prometheus:
            asked = queries(of=HELPERS_PAGE)
            alerts = {name: expr for name, expr in alert_expressions().items() if "Helpers" in name}
            assert HELPERS_ALERT in alerts
            recorded = {name: name for name in rules("record") if "replanned" in name}
            await all_answered(
                prometheus, {name: expr for name, (expr, _) in asked.items()} | alerts | recorded
            )
            await every_legend_has_its_labels(prometheus, asked)
            await every_alert_has_its_labels(prometheus, alerts)
            assert [s.value for s in await prometheus.query(_panel(asked, "Placement"))] == [1]
            seen = [series.value for series in await prometheus.query(_panel(asked, "Ever seen, of the cap"))]
            assert len(seen) >= 4
            assert max(seen) <= 1
            assert not await prometheus.query(f'ALERTS{{alertname="{HELPERS_ALERT}"}}')
            # Four may hold all maps of the widest layer; two may not.
            for name in list(setup.helpers)[2:]:
                setup.helpers[name].kill()
            await all_answered(prometheus, {"the alarm": f'ALERTS{{alertname="{HELPERS_ALERT}"}}'})
            assert [s.value for s in await prometheus.query(_panel(asked, "Placement"))] == [0]
        camera.assert_no_traceback()


def _panel(asked: Asked, title: str) -> str:
    """The expression of a panel with one."""
    return asked[f"{HELPERS_PAGE}: {title} (A)"][0]
