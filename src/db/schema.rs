//! The tables as Diesel sees them. Column types hold on both databases; `migrations/` is the source.

diesel::table! {
    plans (id) {
        id -> BigInt,
        name -> Text,
        api_access -> Bool,
        requests_per_minute -> BigInt,
        requests_per_day -> BigInt,
        rows_per_month -> BigInt,
        credits_per_month -> BigInt,
        built_in -> Bool,
    }
}

diesel::table! {
    accounts (id) {
        id -> BigInt,
        name -> Text,
        plan_id -> BigInt,
        created_at -> BigInt,
        api_access -> Bool,
    }
}

diesel::table! {
    roles (id) {
        id -> BigInt,
        name -> Text,
        permissions -> Text,
        tools -> Text,
        built_in -> Bool,
        description -> Text,
        tools_chosen -> Bool,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        subject -> Text,
        account_id -> BigInt,
        role_id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        status -> Text,
        mcp_enabled -> Bool,
        mcp_added_at -> Nullable<BigInt>,
        last_tool_at -> Nullable<BigInt>,
        active_tokens -> BigInt,
        ended_tokens -> BigInt,
        created_at -> BigInt,
        invited_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
        expired_tokens -> BigInt,
        two_factor_at -> Nullable<BigInt>,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    two_factor_secrets (user_id) {
        user_id -> BigInt,
        sealed -> Text,
        last_step -> BigInt,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> BigInt,
        code_hash -> Text,
    }
}

diesel::table! {
    grid_views (id) {
        id -> BigInt,
        user_id -> BigInt,
        grid -> Text,
        name -> Text,
        query -> Text,
        is_default -> Bool,
        shared -> Bool,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Text,
        user_id -> Nullable<BigInt>,
        state -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        handle -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        address -> Nullable<Text>,
        seen_at -> Nullable<BigInt>,
        confirmed_at -> Nullable<BigInt>,
        confirmed_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    throttles (subject) {
        subject -> Text,
        failures -> BigInt,
        window_ends_at -> BigInt,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    settings_version (id) {
        id -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    one_time_links (secret_hash) {
        secret_hash -> Text,
        purpose -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        user_id -> Nullable<BigInt>,
        about -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> BigInt,
        kid -> Text,
        algorithm -> Text,
        private_key -> Text,
        public_x -> Text,
        public_y -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    clients (id) {
        id -> BigInt,
        client_id -> Text,
        name -> Text,
        registration -> Text,
        trust -> Text,
        auth_method -> Text,
        secret_hash -> Nullable<Text>,
        redirect_uris -> Text,
        client_uri -> Nullable<Text>,
        created_address -> Nullable<Text>,
        created_at -> BigInt,
        first_consent_at -> Nullable<BigInt>,
        document_fetched_at -> Nullable<BigInt>,
        document_expires_at -> Nullable<BigInt>,
        group_id -> Nullable<BigInt>,
        trust_before_block -> Nullable<Text>,
        previous_secret_hash -> Nullable<Text>,
        previous_secret_until -> Nullable<BigInt>,
        users -> BigInt,
        active_tokens -> BigInt,
        calls -> BigInt,
        last_used_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    waiting_requests (handle_hash) {
        handle_hash -> Text,
        asked -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    client_groups (id) {
        id -> BigInt,
        group_key -> Text,
        name -> Text,
        redirect_host -> Text,
        registration -> Text,
        clients -> BigInt,
        verified -> BigInt,
        blocked -> BigInt,
        registered_at -> BigInt,
        users -> BigInt,
        active_tokens -> BigInt,
        calls -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    client_deltas (id) {
        id -> BigInt,
        client_id -> BigInt,
        group_id -> Nullable<BigInt>,
        users -> BigInt,
        group_users -> BigInt,
        tokens -> BigInt,
    }
}

diesel::table! {
    client_days (client_id, day) {
        client_id -> BigInt,
        day -> BigInt,
        calls -> BigInt,
    }
}

diesel::table! {
    client_fold (id) {
        id -> BigInt,
        calls_until -> BigInt,
    }
}

diesel::table! {
    people_count (id) {
        id -> BigInt,
        people -> BigInt,
    }
}

diesel::table! {
    consents (id) {
        id -> BigInt,
        user_id -> BigInt,
        client_id -> BigInt,
        redirect_uri -> Text,
        scopes -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        label -> Text,
    }
}

diesel::table! {
    authorization_requests (handle_hash) {
        handle_hash -> Text,
        client_id -> BigInt,
        parameters -> Text,
        user_id -> Nullable<BigInt>,
        session_hash -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        decided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tokens (id) {
        id -> BigInt,
        kind -> Text,
        user_id -> BigInt,
        client_id -> Nullable<BigInt>,
        consent_id -> Nullable<BigInt>,
        label -> Text,
        secret_hash -> Nullable<Text>,
        scopes -> Text,
        resource -> Text,
        state -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        absolute_expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        first_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        user_id -> BigInt,
        name -> Text,
        ending -> Text,
        secret_hash -> Text,
        scopes -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        replaced_by -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    authorization_codes (code_hash) {
        code_hash -> Text,
        client_id -> BigInt,
        user_id -> BigInt,
        consent_id -> BigInt,
        redirect_uri -> Text,
        scopes -> Text,
        code_challenge -> Text,
        resource -> Text,
        nonce -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        token_id -> Nullable<BigInt>,
        with_refresh -> Bool,
        signed_in_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refresh_tokens (id) {
        id -> BigInt,
        token_id -> BigInt,
        secret_hash -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    stores (id) {
        id -> BigInt,
        domain -> Text,
        name -> Nullable<Text>,
        platform -> Nullable<Text>,
        country -> Nullable<Text>,
        category -> Nullable<Text>,
        monthly_visits -> Nullable<BigInt>,
        revenue_usd -> Nullable<BigInt>,
        theme -> Nullable<Text>,
        plus -> Nullable<Bool>,
        ads -> Nullable<Bool>,
        products -> Nullable<BigInt>,
        description -> Nullable<Text>,
        updated_at -> Nullable<BigInt>,
        imported_at -> BigInt,
    }
}

diesel::table! {
    store_technologies (store_id, kind, slug) {
        store_id -> BigInt,
        kind -> Text,
        slug -> Text,
        name -> Text,
    }
}

diesel::table! {
    contacts (id) {
        id -> BigInt,
        external_id -> Text,
        public_id -> Text,
        entry_id -> BigInt,
        store_domain -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        title -> Nullable<Text>,
        role -> Nullable<Text>,
        seniority -> Nullable<Text>,
        country -> Nullable<Text>,
        email -> Nullable<Text>,
        email_status -> Text,
        phone -> Nullable<Text>,
        linkedin_url -> Nullable<Text>,
        imported_at -> BigInt,
    }
}

diesel::table! {
    facets (id) {
        id -> BigInt,
        kind -> Text,
        value -> Text,
        label -> Text,
        entries -> BigInt,
        highest_visits -> BigInt,
        highest_dollars -> BigInt,
    }
}

diesel::table! {
    index_entries (id) {
        id -> BigInt,
        facets -> Text,
        digest -> BigInt,
    }
}

diesel::table! {
    usage_windows (account_id, span, starts_at) {
        account_id -> BigInt,
        span -> Text,
        starts_at -> BigInt,
        requests -> BigInt,
        rows_returned -> BigInt,
        credits -> BigInt,
    }
}

diesel::table! {
    credit_balances (account_id, period_start) {
        account_id -> BigInt,
        period_start -> BigInt,
        allowance -> BigInt,
        balance -> BigInt,
        spent -> BigInt,
    }
}

diesel::table! {
    credit_ledger (id) {
        id -> BigInt,
        account_id -> BigInt,
        period_start -> BigInt,
        at -> BigInt,
        kind -> Text,
        amount -> BigInt,
        balance_after -> BigInt,
        reason -> Nullable<Text>,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    reveals (account_id, contact_id) {
        account_id -> BigInt,
        contact_id -> BigInt,
        at -> BigInt,
        user_id -> BigInt,
        client_id -> Nullable<BigInt>,
        token_id -> Nullable<BigInt>,
        credits -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (account_id, key) {
        account_id -> BigInt,
        key -> Text,
        body_digest -> Text,
        outcome -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    activity (id) {
        id -> BigInt,
        request_id -> Text,
        at -> BigInt,
        account_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        client_id -> Nullable<BigInt>,
        token_id -> Nullable<BigInt>,
        address -> Nullable<Text>,
        surface -> Text,
        operation -> Text,
        outcome -> Text,
        status -> Integer,
        error_code -> Nullable<Text>,
        rows_returned -> BigInt,
        credits_spent -> BigInt,
        latency_us -> BigInt,
        api_key_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        request_id -> Nullable<Text>,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        action -> Text,
        target_kind -> Nullable<Text>,
        target_id -> Nullable<BigInt>,
        target -> Nullable<Text>,
        outcome -> Text,
        address -> Nullable<Text>,
        detail -> Text,
        about_user_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    activity_days (day, operation, outcome) {
        day -> BigInt,
        operation -> Text,
        outcome -> Text,
        calls -> BigInt,
        rows_returned -> BigInt,
        credits -> BigInt,
    }
}

diesel::table! {
    activity_fold (id) {
        id -> BigInt,
        calls_until -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        recipient -> Text,
        subject -> Text,
        plain_text -> Text,
        html -> Text,
        created_at -> BigInt,
        attempts -> BigInt,
        due_at -> BigInt,
        sent_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    imports (id) {
        id -> BigInt,
        entity -> Text,
        file_name -> Text,
        strict -> Bool,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        state -> Text,
        started_at -> BigInt,
        beat_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        to_write -> Nullable<BigInt>,
        lines_read -> BigInt,
        inserted -> BigInt,
        updated -> BigInt,
        unchanged -> BigInt,
        repeated -> BigInt,
        rejected -> BigInt,
        problems -> Text,
        message -> Nullable<Text>,
        rejects -> Nullable<Text>,
    }
}

diesel::joinable!(accounts -> plans (plan_id));
diesel::joinable!(users -> accounts (account_id));
diesel::joinable!(users -> roles (role_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(clients -> client_groups (group_id));
diesel::joinable!(client_days -> clients (client_id));
diesel::joinable!(consents -> users (user_id));
diesel::joinable!(consents -> clients (client_id));
diesel::joinable!(authorization_requests -> clients (client_id));
diesel::joinable!(authorization_requests -> users (user_id));
diesel::joinable!(api_keys -> users (user_id));
diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(tokens -> clients (client_id));
diesel::joinable!(tokens -> consents (consent_id));
diesel::joinable!(authorization_codes -> clients (client_id));
diesel::joinable!(authorization_codes -> users (user_id));
diesel::joinable!(authorization_codes -> consents (consent_id));
diesel::joinable!(authorization_codes -> tokens (token_id));
diesel::joinable!(refresh_tokens -> tokens (token_id));
diesel::joinable!(store_technologies -> stores (store_id));
diesel::joinable!(usage_windows -> accounts (account_id));
diesel::joinable!(reveals -> contacts (contact_id));

diesel::allow_tables_to_appear_in_same_query!(
    plans,
    accounts,
    roles,
    users,
    grid_views,
    sessions,
    throttles,
    settings,
    settings_version,
    one_time_links,
    signing_keys,
    clients,
    client_groups,
    client_deltas,
    client_days,
    client_fold,
    people_count,
    consents,
    authorization_requests,
    waiting_requests,
    api_keys,
    tokens,
    authorization_codes,
    refresh_tokens,
    stores,
    store_technologies,
    contacts,
    facets,
    index_entries,
    imports,
    usage_windows,
    credit_balances,
    credit_ledger,
    reveals,
    idempotency_keys,
    activity,
    activity_days,
    activity_fold,
    audit,
    outbox,
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    tokens::user_id,
    tokens::kind,
    tokens::label,
    tokens::state,
    clients::trust,
);
