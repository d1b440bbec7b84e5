"""`penumbra lab`: train and look into what runs, offline. Each command imports torch itself, when called."""

import typer

from penumbra import (
    lab_attack_command,
    lab_certify_command,
    lab_data_command,
    lab_mirror_command,
    lab_network_command,
    lab_place_attack_command,
    lab_place_command,
    lab_place_study_command,
    lab_place_table_command,
    lab_recommend_command,
    lab_study_command,
    lab_sweep_command,
    lab_train_command,
)

app = typer.Typer(help="Train extractors and analyzers, offline.", no_args_is_help=True)
lab_train_command.mount(app)
lab_network_command.mount(app)
lab_data_command.mount(app)
lab_attack_command.mount(app)
lab_certify_command.mount(app)
lab_mirror_command.mount(app)
lab_study_command.mount(app)
lab_sweep_command.mount(app)
lab_recommend_command.mount(app)
lab_place_command.mount(app)
lab_place_study_command.mount(app)
lab_place_table_command.mount(app)
lab_place_attack_command.mount(app)
