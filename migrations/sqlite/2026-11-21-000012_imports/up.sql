-- What was imported, by whom, and how it ended. A running import holds the only row of that state and gives signs of
-- life in it, so that two never run together and one whose process died is found out.
CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY,
    entity TEXT NOT NULL CHECK (entity IN ('stores', 'contacts')),
    file_name TEXT NOT NULL,
    strict BOOLEAN NOT NULL,
    actor_id BIGINT,
    actor TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'interrupted')),
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    ended_at BIGINT,
    to_write BIGINT,
    lines_read BIGINT NOT NULL,
    inserted BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    repeated BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    problems TEXT NOT NULL,
    message TEXT,
    rejects TEXT
);
CREATE UNIQUE INDEX imports_running ON imports (state) WHERE state = 'running';
CREATE INDEX imports_rejects ON imports (ended_at) WHERE rejects IS NOT NULL;
