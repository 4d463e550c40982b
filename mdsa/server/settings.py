"""How the server takes in requests; read from the environment when asked for."""

from __future__ import annotations

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mdsa.errors import ConfigError
from mdsa.utils.lists import CommaSeparated
from mdsa.utils.validation import describe_problems

__all__ = ["ServerSettings", "load_server_settings"]


class ServerSettings(BaseSettings):
    """Limits of the server. Every field is the environment variable `MDSA_SERVER_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="MDSA_SERVER_", env_file=".env", extra="ignore")

    max_running_turns: int = Field(default=8, gt=0, description="Turns answered at a time.")
    max_waiting_turns: int = Field(
        default=64, ge=0, description="Turns that wait for one of those; more get a 503."
    )
    queue_wait_s: float = Field(
        default=30.0, gt=0, description="How long a turn may wait until it begins."
    )
    max_body_bytes: int = Field(
        default=1_000_000, gt=0, description="Longest body of a request; more gets a 413."
    )
    dashboard: bool = Field(default=True, description="Whether there are pages at `/dashboard`.")
    max_upload_bytes: int = Field(
        default=10_000_000, gt=0, description="Longest file that the dashboard's knowledge takes."
    )
    langserve: bool = Field(
        default=True, description="Whether LangChain's clients find the graphs at `/langserve`."
    )
    warm_up: bool = Field(
        default=True,
        description="Whether what the first turn needs is loaded at the start; `/ready` waits.",
    )
    body_timeout_s: float = Field(
        default=30.0, gt=0, description="How long a client may take to send its body."
    )
    drain_s: float = Field(
        default=120.0, ge=0, description="How long turns in flight may take after SIGTERM."
    )
    requests_per_minute: int = Field(
        default=600, gt=0, description="Rate limit of API keys that have none of their own."
    )
    ping_s: float = Field(
        default=15.0, gt=0, description="Silence after which a stream sends a comment."
    )
    cors_origins: CommaSeparated = Field(
        default_factory=list,
        description="Origins, with commas between them, whose pages may call; none by default.",
    )
    allowed_hosts: CommaSeparated = Field(
        default_factory=list,
        description=(
            "Host names, with commas between them, by which this machine may be addressed while no "
            "API key is configured, beside localhost."
        ),
    )


def load_server_settings() -> ServerSettings:
    """Read the settings.

    Raises:
        ConfigError: a variable holds a value that its setting refuses.
    """
    try:
        return ServerSettings()
    except ValidationError as error:
        raise ConfigError(f"wrong environment setting: {describe_problems(error)}") from error
