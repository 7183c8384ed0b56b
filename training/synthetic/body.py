"""Bodies of synthetic people: shape, skeleton and skin in the pose they rest in.

The shapes come from anny (NAVER, Apache-2.0; body data CC0).  It is asked only for the resting
body: posing is done in :mod:`training.synthetic.rig`, because feet that stay planted need inverse
kinematics, which anny has not.

World axes as in anny, in metres: x to the person's left, y to the back, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from scipy import sparse

from training.synthetic.skeleton import JOINT, FloatArray, body_25_mixture

# Parts that move as one; each starts at the bone of the same name and takes the bones below it.
SEGMENTS: dict[str, str] = {
    "pelvis": "root",
    "spine05": "spine05",
    "spine04": "spine04",
    "spine03": "spine03",
    "spine02": "spine02",
    "chest": "spine01",
    "neck01": "neck01",
    "neck02": "neck02",
    "neck03": "neck03",
    "head": "head",
} | {
    f"{part}.{side}": f"{bone}.{side}"
    for side in "LR"
    for part, bone in (
        ("clavicle", "clavicle"),
        # anny's upperarm01 starts below the deltoid; arms pivot where shoulder01 starts.
        ("upperarm", "shoulder01"),
        ("forearm", "lowerarm01"),
        ("hand", "wrist"),
        ("thigh", "upperleg01"),
        ("shin", "lowerleg01"),
        ("foot", "foot"),
    )
}
SEGMENT: dict[str, int] = {name: index for index, name in enumerate(SEGMENTS)}

# Mean and spread of adult stature in metres (men, women), rounded between Size Korea's eighth
# survey (2021: 1.725 and 1.596) and the taller adults of NCD-RisC (eLife 2016;5:e13410).
STATURE = {"male": (1.75, 0.07), "female": (1.62, 0.065)}


@dataclass(frozen=True)
class Phenotype:
    """What a body looks like, in anny's terms.

    :param female: 0 for a male body, 1 for a female one.
    :param age: 2/3 is a young adult, 1 is old.
    :param muscle: 0 to 1.
    :param weight: 0 to 1, for the stature.
    :param proportions: 0 to 1.
    :param stature: height in metres.
    """

    female: float = 0.0
    age: float = 0.67
    muscle: float = 0.6
    weight: float = 0.5
    proportions: float = 0.5
    stature: float = 1.75


def sample_phenotype(rng: np.random.Generator) -> Phenotype:
    """Return the phenotype of an adult who might come to a gym."""
    female = rng.random() < 0.5
    mean, spread = STATURE["female" if female else "male"]
    return Phenotype(
        female=float(np.clip(rng.normal(0.95 if female else 0.05, 0.05), 0, 1)),
        age=float(rng.uniform(0.62, 0.88)),
        muscle=float(np.clip(rng.normal(0.58, 0.15), 0.25, 0.95)),
        weight=float(np.clip(rng.normal(0.5, 0.15), 0.2, 0.85)),
        proportions=float(rng.uniform(0.35, 0.75)),
        stature=float(np.clip(rng.normal(mean, spread), 1.47, 1.98)),
    )


@dataclass(frozen=True)
class Body:
    """One person's resting body.

    :param phenotype: what it was made from.
    :param vertices: skin [V, 3] in metres, standing on z = 0.
    :param faces: triangles [F, 3], shared by all bodies.
    :param heads: start of each segment [S, 3].
    :param weights: share [V, S] that each segment has in each vertex, rows add to 1.
    :param regressor: matrix [25, V] from vertices to BODY_25 joints.
    :param eyes: share [V] of the eye bones in each vertex.
    """

    phenotype: Phenotype
    vertices: FloatArray
    faces: np.ndarray[Any, Any]
    heads: FloatArray
    weights: sparse.csr_array
    regressor: sparse.csr_array
    eyes: FloatArray

    @cached_property
    def joint_map(self) -> tuple[FloatArray, FloatArray]:
        """Matrices [25, S, 3] and [25, S] that pose the joints without touching the skin.

        Skinning and the regressor are both linear, so their product needs no vertices.
        """
        shares = (self.regressor @ self.weights).toarray()
        moments = np.stack(
            [
                (
                    self.regressor @ self.weights.multiply(self.vertices[:, axis : axis + 1])
                ).toarray()
                for axis in range(3)
            ],
            axis=-1,
        )
        # The regressor's ankle is also made of skin on the shin, which slides up to 2 cm over a
        # planted foot; the joint's own centre does not.
        for name, segment in (("LAnkle", "foot.L"), ("RAnkle", "foot.R")):
            moments[JOINT[name]] = shares[JOINT[name]] = 0
            moments[JOINT[name], SEGMENT[segment]] = self.joints[JOINT[name]]
            shares[JOINT[name], SEGMENT[segment]] = 1
        return moments, shares

    @property
    def joints(self) -> FloatArray:
        """BODY_25 joints [25, 3] at rest."""
        return np.asarray(self.regressor @ self.vertices)

    def head(self, segment: str) -> FloatArray:
        """Return the start [3] of a segment at rest."""
        return np.asarray(self.heads[SEGMENT[segment]])

    def length(self, start: str, end: str) -> float:
        """Return the distance in metres between the starts of two segments."""
        return float(np.linalg.norm(self.head(end) - self.head(start)))


class BodyModel:
    """Maker of bodies; loading it takes some seconds, a body about 0.1 s."""

    def __init__(self) -> None:
        # Slow to import, and not needed by whoever only reads ready-made bodies.
        import anny  # noqa: PLC0415

        self._model = anny.Anny()
        regressor = anny.KeypointsRegressor.coco(self._model)
        mixture = body_25_mixture(list(regressor.labels))
        dense = mixture @ regressor.regression_weights.detach().double().numpy()
        self._regressor = sparse.csr_array(np.where(np.abs(dense) > 1e-6, dense, 0))
        self.faces = self._model.get_triangular_faces().detach().numpy().astype(np.int64)
        self._bones = list(self._model.bone_labels)
        self._weights, self._eyes = self._segment_weights()

    def _segment_weights(self) -> tuple[sparse.csr_array, FloatArray]:
        starts = {bone: SEGMENT[name] for name, bone in SEGMENTS.items()}
        parents = [int(parent) for parent in self._model.bone_parents]
        segment_of: list[int] = []
        for bone, parent in zip(self._bones, parents, strict=True):
            segment_of.append(starts[bone] if bone in starts else segment_of[parent])
        bones = self._model.vertex_bone_indices.numpy()
        weights = self._model.vertex_bone_weights.detach().double().numpy()
        rows = np.repeat(np.arange(len(bones)), bones.shape[1])
        columns = np.asarray(segment_of)[bones].ravel()
        shape = (len(bones), len(SEGMENTS))
        matrix = sparse.csr_array((weights.ravel(), (rows, columns)), shape=shape)
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        eye_bones = [i for i, bone in enumerate(self._bones) if bone.startswith("eye.")]
        return matrix, np.asarray((weights * np.isin(bones, eye_bones)).sum(1))

    def _rest(self, phenotype: Phenotype, height: float) -> tuple[FloatArray, FloatArray]:
        import torch  # noqa: PLC0415

        values = {
            "gender": phenotype.female,
            "age": phenotype.age,
            "muscle": phenotype.muscle,
            "weight": phenotype.weight,
            "height": height,
            "proportions": phenotype.proportions,
        }
        with torch.no_grad():
            coefficients = self._model.get_phenotype_blendshape_coefficients(
                **{k: torch.tensor([v], dtype=torch.float64) for k, v in values.items()}
            )
            rest = self._model.get_rest_model(coefficients)
        return rest["rest_vertices"][0].numpy(), rest["rest_bone_heads"][0].numpy()

    def body(self, phenotype: Phenotype) -> Body:
        """Return the body of a phenotype.

        :raises ValueError: if no body of that stature exists (about 1.2 to 2.2 m do).
        """
        # Stature is linear in anny's height between its anchors at 0, 0.5 and 1.
        anchors = np.array([0.0, 0.5, 1.0])
        statures = [float(np.ptp(self._rest(phenotype, h)[0][:, 2])) for h in anchors]
        if not statures[0] <= phenotype.stature <= statures[-1]:
            msg = f"no body is {phenotype.stature} m tall, only {statures[0]} to {statures[-1]} m"
            raise ValueError(msg)
        height = float(np.interp(phenotype.stature, statures, anchors))
        vertices, bone_heads = self._rest(phenotype, height)
        ground = np.array([0.0, 0.0, vertices[:, 2].min()])
        heads = np.stack([bone_heads[self._bones.index(bone)] for bone in SEGMENTS.values()])
        return Body(
            phenotype=phenotype,
            vertices=vertices - ground,
            faces=self.faces,
            heads=heads - ground,
            weights=self._weights,
            regressor=self._regressor,
            eyes=self._eyes,
        )


@cache
def body_model() -> BodyModel:
    """Return the one model of this process."""
    return BodyModel()


def sample_body(rng: np.random.Generator) -> Body:
    """Return a random adult body."""
    return body_model().body(sample_phenotype(rng))
