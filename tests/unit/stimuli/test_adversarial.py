"""Attacks: against the best possible on a linear network; and on the real MobileNetV2."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from repscape.core.errors import ConfigError, DataError
from repscape.io import assets
from repscape.stimuli import adversarial, selected
from repscape.stimuli.lib import parent_stimulus
from repscape.stimuli.lib.classifier import Classifier
from repscape.stimuli.lib.pgd import attack, gain, whole
from repscape.traced.network import Frozen
from repscape.traced.preprocess import Preprocess

REPOSITORY = Path(__file__).parents[3]
NAMES = ["cat", "dog", "tree", "house"]
CATS = ["tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat", "lynx"]


class Linear(nn.Module):
    def __init__(self, classes, size=8):
        super().__init__()
        torch.manual_seed(classes)
        self.fc = nn.Linear(3 * size * size, classes)

    def forward(self, x):
        return self.fc(x.flatten(1))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.conv = nn.Conv2d(3, 12, 3)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(12 * 49, len(NAMES))

    def forward(self, x):
        return 3 * self.fc(self.pool(self.act(self.conv(x))).flatten(1))


@pytest.fixture
def small(freeze, write):
    """Files of a small network (whose input is 16 x 16, out of images of 24 x 24) and of a stimulus."""
    network = freeze(Small(), Preprocess(resize=18, crop=16), NAMES)
    images = np.random.default_rng(0).integers(30, 226, (12, 24, 24, 3))
    return network, write(images, labels=[f"label {n}" for n in range(12)])


def as_tensor(images):
    return torch.from_numpy(np.asarray(images)).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("target", [None, 1])
def test_the_best_attack_on_a_linear_network(norm, target):
    """Of two classes, the margin m + w·x can grow by ε times the dual norm of w, and by no more."""
    network = Linear(2).requires_grad_(False)
    images = as_tensor(np.random.default_rng(0).integers(60, 196, (5, 8, 8, 3)))

    def probabilities(pixels):
        return network(pixels / 255).softmax(dim=1)

    def margin(pixels):
        logits = network(pixels.double().float() / 255)
        return (logits[:, 1] - logits[:, 0]).numpy()

    epsilon = 6.0 if norm == "linf" else 120.0
    result = attack(probabilities, images, torch.randn(images.shape), target, [], norm, epsilon, 30)
    weights = (network.fc.weight[1] - network.fc.weight[0]).numpy() / 255
    dual = np.abs(weights).sum() if norm == "linf" else np.linalg.norm(weights)
    before, after = margin(images), margin(as_tensor(result.images))
    sign = np.where(before > 0, -1, 1) if target is None else 1
    gained = sign * (after - before) / (epsilon * dual)
    assert (gained <= 1 + 1e-4).all()
    # on the sphere, 2.5 radii of steps turn a random start to within 2 atan(exp(-2.5)) of the best
    assert (gained > (0.999 if norm == "linf" else np.cos(2 * np.arctan(np.exp(-2.5))) - 0.01)).all()
    np.testing.assert_array_equal(result.success, (sign * after > 0))


def test_the_best_of_all_that_are_passed_is_kept():
    """One step of the whole length beyond a ridge: the start may be better than the end."""
    images = torch.full((6, 3, 4, 4), 100.0)
    seen = []

    def probabilities(pixels):
        ridge = -(pixels[:, 0, 0, 0] - 101.5).abs()
        logits = torch.stack([torch.full_like(ridge, 5.0), ridge], dim=1)
        seen.append((logits[:, 1] - logits[:, 0]).detach())
        return logits.softmax(dim=1)

    noise = torch.linspace(-2, 2, 6)[:, None, None, None].expand(images.shape)
    result = attack(probabilities, images, noise, None, [], "linf", 6.0, 2)
    probabilities(as_tensor(result.images))
    kept = seen.pop()
    np.testing.assert_allclose(kept, torch.stack(seen).amax(0))
    assert (kept > seen[-1]).any()


def test_gain_is_the_difference_of_logits():
    logits = torch.randn(6, 5, dtype=torch.float32) * 10
    logits[0] *= 9  # so sure that float32 rounds the probability to 1
    goal = torch.zeros(6, 5, dtype=torch.bool)
    goal[:, [1, 3]] = True
    expected = logits[:, [1, 3]].amax(1) - logits[:, [0, 2, 4]].amax(1)
    got = gain(logits.softmax(1), goal)
    np.testing.assert_allclose(got[1:], expected[1:], rtol=1e-3, atol=1e-3)
    assert (got > 0).eq(expected > 0).all()


def test_gradients_against_finite_differences(small):
    network, path = small
    classifier = Classifier(network, "cpu")
    preprocess = classifier._frozen.preprocess
    images = as_tensor(np.stack([frame.pixels for frame in parent_stimulus.read(path)[:2]]))
    exact = classifier(images)
    with torch.no_grad():
        shown = preprocess.apply(images.to(torch.uint8).permute(0, 2, 3, 1))
        expected = classifier._frozen.module(shown)
    torch.testing.assert_close(exact, expected)
    # through the resizing alone, in float: the same steps but for rounding
    pixels = images.clone().requires_grad_()
    weights = torch.randn(2, 3, 16, 16)
    (preprocess.differentiable(pixels) * weights).sum().backward()
    assert (preprocess.differentiable(images) - shown).abs().max() < 1.01 / 255 / 0.224  # Pillow rounds twice
    for at in [(0, 0, 12, 12), (1, 2, 5, 20), (1, 1, 13, 9)]:
        moved = images.clone()
        moved[at] += 20.0
        slope = ((preprocess.differentiable(moved) - preprocess.differentiable(images)) * weights).sum() / 20
        assert abs(slope - pixels.grad[at]) < 1e-3 * max(1, abs(slope))


@settings(max_examples=60, deadline=None)
@given(
    epsilon=st.floats(1, 300),
    seed=st.integers(0, 1000),
    size=st.floats(0.1, 30),
    norm=st.sampled_from(["linf", "l2"]),
)
def test_whole_changes_stay_within_epsilon(epsilon, seed, size, norm):
    change = torch.from_numpy(np.random.default_rng(seed).normal(0, size, (3, 3, 6, 7))).float()
    flat = change.flatten(1)
    length = flat.abs().amax(1) if norm == "linf" else flat.norm(dim=1)
    change = change * (epsilon / length.clamp(min=epsilon))[:, None, None, None]
    rounded = whole(change, norm, epsilon).numpy().astype(float).reshape(3, -1)
    assert (rounded == np.rint(rounded)).all()
    assert (np.linalg.norm(rounded, np.inf if norm == "linf" else 2, axis=1) <= epsilon).all()
    assert np.abs(rounded - change.numpy().reshape(3, -1)).max() <= max(1.0, epsilon)


@pytest.mark.parametrize("keys", [{"epsilon": 5.7}, {"norm": "l2", "epsilon": 90.0}])
def test_files_of_a_small_network(small, collect, keys):
    network, path = small
    frames, attributes = collect(
        adversarial.Adversarial(of=path, network=network, batch=5, seed=0, **keys).images()
    )
    before = parent_stimulus.read(path)
    assert [(f.name, f.label) for f in frames] == [(f.name, f.label) for f in before]
    change = np.stack([f.pixels.astype(float) - m.pixels for f, m in zip(frames, before, strict=True)])
    length = np.linalg.norm(change.reshape(12, -1), 2 if "norm" in keys else np.inf, axis=1)
    np.testing.assert_allclose(attributes["change"], length)
    assert (length <= keys["epsilon"]).all()
    assert attributes["success_rate"] >= 10 / 12
    changed = [
        a != b for a, b in zip(attributes["category_before"], attributes["category_after"], strict=True)
    ]
    assert attributes["success_rate"] == np.mean(changed)
    # what the network answers to the stored images, asked without the attack
    classifier = Classifier(network, "cpu")
    answers = classifier(as_tensor([f.pixels for f in frames]))
    assert [NAMES[index] for index in answers.argmax(1)] == attributes["category_after"]
    np.testing.assert_allclose(answers.amax(1), attributes["probability_after"], atol=1e-5)


def test_seeds_and_batches(small, collect):
    network, path = small
    keys = {"of": path, "network": network, "epsilon": 6.0, "steps": 3}
    one, same, other, batches = (
        np.stack([frame.pixels for frame in collect(adversarial.Adversarial(**keys, **more).images())[0]])
        for more in ({"seed": 0}, {"seed": 0}, {"seed": 1}, {"seed": 0, "batch": 3})
    )
    assert (one == same).all()
    assert (one != other).any()
    assert (one == batches).mean() > 0.99  # up to the last bits of products


def test_targets_and_classes_to_avoid(small, collect):
    network, path = small
    keys = {"of": path, "network": network, "epsilon": 25.0, "steps": 30, "seed": 0}
    _, attributes = collect(adversarial.Adversarial(targeted="tree", **keys).images())
    assert (
        attributes["success_rate"] == np.mean([name == "tree" for name in attributes["category_after"]]) > 0.8
    )
    _, attributes = collect(adversarial.Adversarial(targeted=3, **keys).images())
    assert attributes["category_after"].count("house") > 9
    _, attributes = collect(adversarial.Adversarial(avoid=["tree", 3, "cat"], **keys).images())
    # what was taken for a dog has nothing left to be taken for
    pairs = zip(attributes["category_before"], attributes["category_after"], strict=True)
    successes = [before != "dog" and after == "dog" for before, after in pairs]
    assert attributes["success_rate"] == np.mean(successes)
    assert sum(successes) == 12 - attributes["category_before"].count("dog") > 3


def test_messages(small, write, freeze, collect):
    network, path = small
    with pytest.raises(DataError, match=r"'dgo'.*'dog'.* 4 classes"):
        collect(adversarial.Adversarial(of=path, network=network, targeted="dgo", seed=0).images())
    with pytest.raises(DataError, match=r"0.* 3.* 4"):
        collect(selected.Selected(of=path, network=network, category=4).images())
    with pytest.raises(ConfigError, match=r"epsilon.*1.*0.5"):
        adversarial.Adversarial(of="cats", network="net", epsilon=0.5).check()
    with pytest.raises(ConfigError, match=r"'avoid'.*'targeted'"):
        adversarial.Adversarial(of="cats", network="net", targeted=3, avoid=["cat"]).check()
    features = freeze(nn.Conv2d(3, 4, 3), Preprocess(resize=18, crop=16))
    with pytest.raises(DataError, match="without classes"):
        collect(adversarial.Adversarial(of=path, network=features, seed=0).images())
    unnamed = freeze(Small(), Preprocess(resize=None, crop=16))
    assert Classifier(unnamed, "cpu").categories == ["0", "1", "2", "3"]


def test_a_change_that_rounding_takes_away_is_told(small, collect, caplog):
    network, path = small
    _, attributes = collect(
        adversarial.Adversarial(of=path, network=network, norm="l2", epsilon=1.0, seed=0).images()
    )
    assert not attributes["change"].any()
    assert "8 bits" in caplog.text


def test_epsilon_has_a_default_for_each_norm(small, collect):
    network, path = small
    for norm, epsilon in (("linf", 4), ("l2", 512)):
        _, attributes = collect(adversarial.Adversarial(of=path, network=network, norm=norm, seed=0).images())
        assert epsilon / 4 < attributes["change"].max() <= epsilon


def test_selected_images(small, collect):
    network, path = small
    classifier = Classifier(network, "cpu")
    shown = parent_stimulus.read(path)
    likely = classifier(as_tensor([frame.pixels for frame in shown])).detach().numpy()
    wanted = np.bincount(likely.argmax(1)).argmax()
    among = [n for n in range(12) if likely[n].argmax() == wanted]
    threshold = float(np.sort(likely[among, wanted])[0])  # leaves out the least sure
    expected = [n for n in among if likely[n, wanted] > threshold + 1e-6]
    keys = {"of": path, "network": network, "category": NAMES[wanted], "batch": 5}
    frames, attributes = collect(selected.Selected(probability=threshold + 1e-6, **keys).images())
    assert [frame.name for frame in frames] == [f"image_{n}" for n in expected]
    assert frames[0].label == f"label {expected[0]}"
    np.testing.assert_array_equal(frames[1].pixels, shown[expected[1]].pixels)
    np.testing.assert_allclose(attributes["probability"], likely[expected, wanted], atol=1e-6)
    assert (attributes["category"], attributes["considered"]) == (NAMES[wanted], 12)
    few, _ = collect(selected.Selected(probability=0.0, count=3, **keys).images())
    assert [frame.name for frame in few] == [f"image_{n}" for n in among[:3]]
    with pytest.raises(DataError, match=rf"3 images .*'{NAMES[wanted]}'.* 0\.9999.* 0 of 12"):
        collect(selected.Selected(probability=0.9999, **keys).images())


@pytest.mark.parametrize("plugin", [adversarial.Adversarial, selected.Selected])
def test_batches_are_all_alike_and_each_image_counts_once(small, collect, monkeypatch, caplog, plugin):
    """What a network answers depends in its last digits on the size of a batch."""
    network, path = small
    sizes = set()
    monkeypatch.setattr(Frozen, "run", lambda *given, run=Frozen.run: sizes.add(len(given[1])) or run(*given))
    keys = (
        {"seed": 0, "steps": 1}
        if plugin is adversarial.Adversarial
        else {"category": 0, "probability": 0, "count": 1}
    )
    with caplog.at_level("INFO"):
        _, attributes = collect(plugin(of=path, network=network, batch=5, **keys).images())
    assert sizes == {5}
    assert ": 12 images in " in caplog.text
    if plugin is adversarial.Adversarial:
        assert len(attributes["change"]) == 12


@pytest.fixture(scope="module")
def real(write_network, tmp_path_factory):
    """MobileNetV2 with its trained weights as a frozen network, and as torchvision has it."""
    from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

    from repscape.networks.torchvision import Torchvision

    section = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    weights = assets.fetch(section["networks"]["mobilenet_v2"]["file"], "test")[0]
    loaded = Torchvision(architecture="mobilenet_v2", weights="IMAGENET1K_V1", file=weights).load()
    network = write_network(loaded, tmp_path_factory.mktemp("mobilenet_v2"))
    module = mobilenet_v2()
    module.load_state_dict(torch.load(weights))
    transform = MobileNet_V2_Weights.IMAGENET1K_V1.transforms()
    module.eval()

    def classify(frames):
        with torch.no_grad():
            images = [transform(torch.from_numpy(frame.pixels.copy()).permute(2, 0, 1)) for frame in frames]
            likely = module(torch.stack(images)).softmax(1)
        return [loaded.categories[index] for index in likely.argmax(1)], likely.amax(1).numpy()

    return network, classify


@pytest.fixture(scope="module")
def pictures():
    from PIL import Image

    from repscape.stimuli.lib.assemble import resize

    section = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    wanted = ("chelsea.png", "coffee.png", "camera.png")
    addresses = [path for name in wanted for path in section["stimuli"]["pictures"]["path"] if name in path]
    files = assets.fetch(addresses, "test")
    return [resize(np.asarray(Image.open(file).convert("RGB")), (256, 256), "crop") for file in files]


@pytest.mark.parametrize(
    "keys",
    [
        {"epsilon": 2.0},
        {"epsilon": 3.5, "targeted": "tabby"},
        {"epsilon": 2.0, "avoid": CATS},
        {"epsilon": 400.0, "norm": "l2"},
    ],
)
def test_mobilenet_v2_is_led_astray_by_hardly_visible_changes(real, pictures, write, collect, keys):
    network, classify = real
    path = write(pictures)
    assert classify(parent_stimulus.read(path))[0] == ["Egyptian cat", "espresso", "tripod"]
    frames, attributes = collect(
        adversarial.Adversarial(of=path, network=network, steps=8, seed=0, batch=3, **keys).images()
    )
    after, sure = classify(frames)  # torchvision's own network and transform, on what is stored
    assert attributes["category_before"] == ["Egyptian cat", "espresso", "tripod"]
    assert attributes["category_after"] == after
    assert attributes["success_rate"] == 1
    np.testing.assert_allclose(attributes["probability_after"], sure, atol=1e-3)
    if "targeted" in keys:
        assert after == ["tabby"] * 3
    else:
        assert not {"Egyptian cat", "espresso", "tripod", *keys.get("avoid", [])} & set(after)
    for frame, picture in zip(frames, pictures, strict=True):
        change = (frame.pixels.astype(float) - picture).ravel()
        assert np.linalg.norm(change, 2 if "norm" in keys else np.inf) <= keys["epsilon"]


def test_mobilenet_v2_selects_cats(real, pictures, write, collect):
    network, classify = real
    path = write([pictures[n] for n in (0, 1, 0, 2, 0)])
    frames, _ = collect(selected.Selected(of=path, network=network, category="Egyptian cat").images())
    assert [frame.name for frame in frames] == ["image_0", "image_2", "image_4"]
    names, sure = classify(frames)
    assert names == ["Egyptian cat"] * 3
    assert (sure > 0.5).all()
