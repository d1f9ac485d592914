"""A run as a research object: its manifest once more, in the words that repositories and registries read (RO-Crate).

The crate is the run's folder of reports. What the run read and the tables behind the reports lie outside it; they are
described with their hashes, which identify them, and not claimed to be in it. Nothing here is new: every name and hash
is the manifest's, every date the study's.

Reference: RO-Crate 1.1, https://w3id.org/ro/crate/1.1; Process Run Crate 0.1, https://w3id.org/ro/wfrun/process/0.1.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.settings import ROOT, flatten
from workbench.publishing.provenance import CRATE, MANIFEST, sha256

SPECIFICATION, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.1"
Entity = dict[str, Any]


def crate(manifest: dict[str, Any], title: str, edition: str, released: str, folder: Path) -> dict[str, Any]:
    """The content of ro-crate-metadata.json for the run of a manifest, whose reports are in `folder`.

    title and edition: what the run is and which data it rests on, in words; released: the study's date, ISO 8601.
    """
    inside = manifest["reports"] | {MANIFEST: sha256(folder / MANIFEST)}
    files = [file_entity(name, digest) for name, digest in sorted(inside.items())]
    known = raw_records()
    inputs = [outside(name, digest, known.get(name, {})) for name, digest in sorted(manifest["inputs"].items())]
    tables = [outside(f"data/processed/{manifest['run']}/{name}", digest, {})
              for name, digest in sorted(manifest["data"].items())]
    choices = [choice_entity(name, value) for name, value in sorted(flatten(manifest["settings"]).items())]
    software = software_entities(manifest)
    root = {"@id": "./", "@type": "Dataset", "name": title, "description": edition, "datePublished": released,
            "license": {"@id": "#licence"}, "conformsTo": {"@id": PROFILE}, "hasPart": refer(files),
            "mentions": {"@id": "#run"}}
    run = {"@id": "#run", "@type": "CreateAction", "name": f"run {manifest['run']}", "endTime": released,
           "instrument": {"@id": "#study"}, "object": refer([*inputs, *choices]), "result": refer([*files, *tables])}
    licence = {"@id": "#licence", "@type": "CreativeWork", "name": "MIT for the program; the data keep their own terms",
               "description": "LICENSE and LICENSE-DATA.md of the study; each input names its terms"}
    about = {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": SPECIFICATION}, "about": {"@id": "./"}}
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.1"}
    return {"@context": f"{SPECIFICATION}/context",
            "@graph": [about, root, run, licence, profile, *software, *choices, *inputs, *tables, *files]}


def refer(entities: list[Entity]) -> list[Entity]:
    """References to entities."""
    return [{"@id": entity["@id"]} for entity in entities]


def file_entity(name: str, digest: str) -> Entity:
    """A file of the crate; characters that an address may not hold are written as one allows them."""
    from urllib.parse import quote

    return {"@id": quote(name), "@type": "File", "name": name, "encodingFormat": media_type(name), "sha256": digest}


def outside(name: str, digest: str, known: Entity) -> Entity:
    """A file that the run read or wrote outside its folder of reports, identified by its hash; `known` is what else is
    said of it."""
    return {"@id": f"#{name}", "@type": "CreativeWork", "name": name, "encodingFormat": media_type(name),
            "sha256": digest, "identifier": f"urn:sha256:{digest}", **known}


def raw_records() -> dict[str, Entity]:
    """What data/raw/provenance.csv says of every raw file: its title, its citation and its terms."""
    table = pd.read_csv(ROOT / "data/raw/provenance.csv", dtype=str, keep_default_na=False)
    return {row.path: {"description": row.title_en, "creditText": row.citation, "usageInfo": row.terms}
            for row in table.itertuples()}


def choice_entity(name: str, value: Any) -> Entity:
    """A choice of the method as the value of a named property."""
    return {"@id": f"#setting-{name}", "@type": "PropertyValue", "name": name,
            "value": value if isinstance(value, str | int | float | bool) else str(value)}


def software_entities(manifest: dict[str, Any]) -> list[Entity]:
    """The study as software, and what it ran on, by name and version."""
    packages = [{"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "version": version,
                 "softwareVersion": version} for name, version in sorted(manifest["versions"].items())]
    study = {"@id": "#study", "@type": "SoftwareApplication", "name": "digital-city-study",
             "version": manifest["study"], "softwareVersion": manifest["study"],
             "softwareRequirements": refer(packages)}
    return [study, *packages]


def media_type(name: str) -> str:
    """The media type of a file by its ending."""
    own = {".ipynb": "application/x-ipynb+json", ".csv": "text/csv", ".yaml": "application/yaml",
           ".md": "text/markdown",
           ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
           ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".tex": "application/x-tex",
           ".geojson": "application/geo+json", ".ttf": "font/ttf", ".json": "application/json", ".svg": "image/svg+xml"}
    return own.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
