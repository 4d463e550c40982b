"""Settings from the environment (and a `.env` file), read when asked for, never at import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mdsa.errors import ConfigError
from mdsa.utils.lists import CommaSeparated
from mdsa.utils.pii import PiiRedactor, Redact
from mdsa.utils.validation import describe_problems

__all__ = ["Settings", "load_settings"]


def _alias(name: str) -> AliasChoices:
    """Accept the variable as the guide writes it and with the `MDSA_` prefix."""
    return AliasChoices(f"MDSA_{name}", name)


class Settings(BaseSettings):
    """Process-wide settings. Every field is the environment variable `MDSA_<FIELD>`.

    Those that the guide's `.env` names are read without the prefix too. `load_settings` also takes
    files of the folder `MDSA_SECRETS_DIR`, such as `mdsa_database_url`, as containers mount them.
    """

    model_config = SettingsConfigDict(
        env_prefix="MDSA_", env_file=".env", extra="ignore", populate_by_name=True
    )

    app: Path | None = Field(default=None, description="App file, mdsa.yaml.")
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("mdsa"),
        description="Sessions, knowledge stores and the demo's database.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("mdsa"),
        description="What can be made again: prepared encoders.",
    )
    intent_model_path: str | None = Field(
        default=None, validation_alias=_alias("INTENT_MODEL_PATH")
    )
    reasoning_model_path: str = Field(
        default="microsoft/phi-2", validation_alias=_alias("REASONING_MODEL_PATH")
    )
    embedding_model: str = Field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        validation_alias=_alias("EMBEDDING_MODEL"),
    )
    device: str = Field(default="auto", validation_alias=_alias("DEVICE"))
    quantization: Literal["int8", "int4"] | None = Field(
        default=None,
        description="Stores the weights of hf:// models as integers; needs mdsa[quantization].",
    )
    model_memory_gb: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Most memory, in GB, of models in this process; half of the RAM, or 80 % of the GPU's "
            "memory, where it is not set."
        ),
    )
    use_reasoning_threshold: float = Field(
        default=0.7, ge=0, le=1, validation_alias=_alias("USE_REASONING_THRESHOLD")
    )
    target_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Acceptable share of routing errors, instead of the threshold.",
    )
    route_by_documents: bool = Field(
        default=True,
        description=(
            "Messages are routed by what the domains' own documents say, too, where no domain has "
            "examples and no trained router decides."
        ),
    )
    ollama_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("MDSA_OLLAMA_BASE_URL", "OLLAMA_BASE_URL", "OLLAMA_HOST"),
        repr=False,  # it may hold a password
        description="Address of the Ollama server; Ollama's default where it is not set.",
    )
    ollama_keep_alive: str | None = Field(
        default=None,
        description=(
            "How long Ollama keeps a model in memory after a call, such as 10m, or -1 for ever."
        ),
    )
    ollama_num_ctx: int | None = Field(
        default=None, gt=0, description="Tokens of context of Ollama's models."
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        description="Key for openai:// servers; local ones need none.",
    )
    openai_com_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("MDSA_OPENAI_COM_API_KEY", "OPENAI_API_KEY"),
        description="Key for api.openai.com, which no other server gets.",
    )
    chroma_persist_dir: Path | None = Field(
        default=None,
        validation_alias=_alias("CHROMA_PERSIST_DIR"),
        description="Knowledge stores; `knowledge` in the data directory where it is not set.",
    )
    global_collection_name: str = Field(
        default="global_knowledge", validation_alias=_alias("GLOBAL_COLLECTION_NAME")
    )
    default_max_tokens: int = Field(
        default=500, gt=0, validation_alias=_alias("DEFAULT_MAX_TOKENS")
    )
    default_temperature: float = Field(
        default=0.7, ge=0, le=2, validation_alias=_alias("DEFAULT_TEMPERATURE")
    )
    log_level: str = Field(default="WARNING", validation_alias=_alias("LOG_LEVEL"))
    log_dir: Path | None = Field(default=None, validation_alias=_alias("LOG_DIR"))
    tracing: bool | None = Field(
        default=None,
        description=(
            "OpenTelemetry traces of turns, sent to OTEL_EXPORTER_OTLP_ENDPOINT; needs mdsa[otel]. "
            "Where it is not set, they are on if the OTEL_* variables ask for them."
        ),
    )
    trace_content: bool = Field(
        default=False, description="Traces hold what users, models and tools wrote."
    )
    pii_redaction: Literal["off", "logs", "stored"] = Field(
        default="off",
        description=(
            "Replaces e-mail addresses and numbers of phones, accounts and cards, in logs, the "
            "audit log and traces, and with 'stored' in sessions too; needs mdsa[redaction]."
        ),
    )
    pii_phone_region: str | None = Field(
        default=None,
        description="Country of phone numbers without a country code, such as US.",
    )
    fallback_models: CommaSeparated = Field(
        default_factory=list,
        description=(
            "Model references, with commas between them: asked in turn where a domain's model "
            "fails, before the embedded reader."
        ),
    )
    first_token_timeout_s: float = Field(
        default=30.0,
        gt=0,
        description="How long a model that streams may take until it begins to answer.",
    )
    breaker_failures: int = Field(
        default=3,
        gt=0,
        description="Consecutive failures after which a model is skipped for a while.",
    )
    breaker_recovery_s: float = Field(
        default=30.0,
        gt=0,
        description="How long it is skipped at first; doubled while it keeps failing.",
    )
    request_timeout_s: float = Field(default=120.0, gt=0, description="Time budget of a turn.")
    session_wait_s: float = Field(
        default=30.0, ge=0, description="How long a second writer of a session waits its turn."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description=(
            "PostgreSQL database for the sessions, postgresql://USER:PASSWORD@HOST/DATABASE, which "
            "several servers may share; needs mdsa[postgres]. A file in the data directory holds "
            "them where it is not set."
        ),
    )
    session_max_age_days: float | None = Field(
        default=None, gt=0, description="Sessions unused for longer are deleted at start."
    )
    max_sessions: int | None = Field(
        default=None, gt=0, description="Over so many, the longest unused are deleted at start."
    )
    max_message_chars: int = Field(default=20_000, gt=0)
    max_history_messages: int = Field(default=60, ge=2)

    @property
    def knowledge_dir(self) -> Path:
        """Where the knowledge stores lie."""
        return self.chroma_persist_dir or self.data_dir / "knowledge"

    def log_redaction(self) -> Redact | None:
        """What is applied to logs and traces.

        Raises:
            ConfigError: its libraries are not installed, or the country does not exist.
        """
        return None if self.pii_redaction == "off" else PiiRedactor(self.pii_phone_region)

    def stored_redaction(self) -> Redact | None:
        """What is applied to sessions; raises as `log_redaction` does."""
        return self.log_redaction() if self.pii_redaction == "stored" else None


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        ConfigError: a variable holds a value that its setting refuses.
    """
    try:
        return Settings(_secrets_dir=os.environ.get("MDSA_SECRETS_DIR"))
    except ValidationError as error:
        raise ConfigError(f"wrong environment setting: {describe_problems(error)}") from error
