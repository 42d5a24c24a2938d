using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>The webhooks there are. Works on the database, whether the server runs or not; changes count from the next delivery on.</summary>
public sealed class Webhooks(Database database, TimeProvider time)
{
    private const string Columns = """
        w.id, w.url, w.label, array_to_string(w.types, ',') AS types, array_to_string(w.channels, ',') AS channels, w.enabled, w.disabled_reason AS disabledReason, w.created_at AS createdAt, w.old_secret_until AS oldSecretUntil, w.tried_at AS triedAt,
        w.failing_since AS failingSince, w.dropped, (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting') AS waiting
        """;

    /// <summary>Makes a webhook.</summary>
    /// <exception cref="ControlException">Bad values, or there are <see cref="HookRules.MaxWebhooks"/> already.</exception>
    public async Task<IssuedHook> CreateAsync(HookSettings settings, CancellationToken cancellationToken = default)
    {
        Refuse(HookRules.Mistakes(settings, isNew: true, null));
        var secret = HookSecret.New();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            var id = Secret.New(out _).Id;
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE", null, transaction, cancellationToken: cancellationToken));
            if (await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT count(*) FROM webhooks", null, transaction, cancellationToken: cancellationToken)) >= HookRules.MaxWebhooks)
            {
                throw new ControlException(ControlCode.Conflict, $"There are {HookRules.MaxWebhooks} webhooks, which is the most. Delete one that is not needed.");
            }

            var made = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) VALUES (@id, @url, @label, @types, @channels, @secret, @enabled, @now) ON CONFLICT (id) DO NOTHING
                """,
                new
                {
                    id, url = settings.Url, label = settings.Label ?? "", types = Distinct(settings.Types) ?? [], channels = Distinct(settings.Channels) ?? [], secret,
                    enabled = settings.Enabled ?? true, now = time.GetUtcNow(),
                },
                transaction,
                cancellationToken: cancellationToken));
            if (made == 1)
            {
                var info = await FindAsync(connection, transaction, id, cancellationToken);
                await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "webhook.create", $"webhook/{id}", DetailOf(settings), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return new(info, secret);
            }
        }
    }

    /// <summary>All webhooks, the oldest first.</summary>
    public async Task<IReadOnlyList<HookInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"SELECT {Columns} FROM webhooks w ORDER BY w.created_at, w.id", cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>One webhook.</summary>
    /// <exception cref="ControlException">There is none.</exception>
    public async Task<HookInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, null, id, cancellationToken);
    }

    /// <summary>Changes what <paramref name="settings"/> names and leaves the rest.</summary>
    /// <exception cref="ControlException">Bad values, or there is no such webhook.</exception>
    public Task<HookInfo> SetAsync(string id, HookSettings settings, CancellationToken cancellationToken = default) => SetIfAsync(id, settings, null, cancellationToken);

    /// <summary>As <see cref="SetAsync"/>, unless the check throws, which sees the webhook as it is when nobody else can change it any more.</summary>
    internal async Task<HookInfo> SetIfAsync(string id, HookSettings settings, Action<HookInfo>? check, CancellationToken cancellationToken)
    {
        Refuse(HookRules.Mistakes(settings, isNew: false, null));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, id, check, cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhooks SET url = coalesce(@url, url), label = coalesce(@label, label), types = coalesce(@types, types), channels = coalesce(@channels, channels),
                disabled_reason = CASE WHEN @enabled IS NULL THEN disabled_reason END,
                failing_since = CASE WHEN @enabled AND NOT enabled THEN NULL ELSE failing_since END,
                failures = CASE WHEN @enabled AND NOT enabled THEN 0 ELSE failures END,
                enabled = coalesce(@enabled, enabled)
            WHERE id = @id
            """,
            new { id, url = settings.Url, label = settings.Label, types = Distinct(settings.Types), channels = Distinct(settings.Channels), enabled = settings.Enabled },
            transaction,
            cancellationToken: cancellationToken));
        var info = changed == 1 ? await FindAsync(connection, transaction, id, cancellationToken) : throw HookRules.NotFound();
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "webhook.change", $"webhook/{id}", DetailOf(settings), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return info;
    }

    /// <summary>Makes a new secret. Until the old one is over requests have a signature with each, so that a receiver can change at its leisure.</summary>
    /// <param name="id">The webhook.</param>
    /// <param name="overlap">How long the old one is still good for; 0 to <see cref="HookRules.MaxOverlap"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">A bad value, or there is no such webhook.</exception>
    public async Task<IssuedHook> RotateAsync(string id, TimeSpan overlap, CancellationToken cancellationToken = default)
    {
        if (overlap < TimeSpan.Zero || overlap > HookRules.MaxOverlap)
        {
            throw new ControlException([new("overlapSeconds", $"The old secret may be good for 0 to {HookRules.MaxOverlap.TotalSeconds:0} seconds more.")]);
        }

        var secret = HookSecret.New();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhooks SET old_secret = CASE WHEN @until::timestamptz IS NOT NULL THEN secret END, old_secret_until = @until, secret = @secret WHERE id = @id
            """,
            new { id, secret, until = overlap > TimeSpan.Zero ? time.GetUtcNow() + overlap : (DateTimeOffset?)null },
            transaction,
            cancellationToken: cancellationToken));
        var info = changed == 1 ? await FindAsync(connection, transaction, id, cancellationToken) : throw HookRules.NotFound();
        await AuditLog.AddAsync(
            connection, transaction, time.GetUtcNow(), "webhook.rotate", $"webhook/{id}", AuditLog.Detail(("oldSecretUntil", AuditLog.Text(info.OldSecretUntil))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(info, secret);
    }

    /// <summary>Deletes a webhook with all that waits for it and its log.</summary>
    /// <exception cref="ControlException">There is no such webhook.</exception>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) => DeleteIfAsync(id, null, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, unless the check throws.</summary>
    internal async Task DeleteIfAsync(string id, Action<HookInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, id, check, cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition("DELETE FROM webhooks WHERE id = @id", new { id }, transaction, cancellationToken: cancellationToken)) == 0)
        {
            throw HookRules.NotFound();
        }

        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "webhook.delete", $"webhook/{id}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // Of an address only where it leads: what stands behind that is a secret with many receivers.
    private static IReadOnlyDictionary<string, string> DetailOf(HookSettings settings) => AuditLog.Detail(
        ("url", settings.Url is { } url ? new Uri(url).GetLeftPart(UriPartial.Authority) : null),
        ("label", settings.Label),
        ("types", settings.Types is { } types ? string.Join(',', types) : null),
        ("channels", settings.Channels is { } channels ? string.Join(',', channels) : null),
        ("enabled", settings.Enabled switch { null => null, true => "true", false => "false" }));

    private static string[]? Distinct(IReadOnlyList<string>? values) => values is null ? null : [.. values.Distinct(StringComparer.Ordinal)];

    private static async Task<HookInfo> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id, CancellationToken cancellationToken) =>
        (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM webhooks w WHERE w.id = @id", new { id }, transaction, cancellationToken: cancellationToken)))?.ToInfo() ?? throw HookRules.NotFound();

    private static async Task CheckAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, Action<HookInfo>? check, CancellationToken cancellationToken)
    {
        if (check is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition("SELECT 1 FROM webhooks WHERE id = @id FOR NO KEY UPDATE", new { id }, transaction, cancellationToken: cancellationToken));
            check(await FindAsync(connection, transaction, id, cancellationToken));
        }
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static void Refuse(IEnumerable<Mistake> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } found)
        {
            throw new ControlException(found);
        }
    }

    private sealed record Row(
        string Id, string Url, string Label, string Types, string Channels, bool Enabled, string? DisabledReason, DateTimeOffset CreatedAt, DateTimeOffset? OldSecretUntil,
        DateTimeOffset? TriedAt, DateTimeOffset? FailingSince, long Dropped, long Waiting)
    {
        public HookInfo ToInfo() => new(Id, Url, Label, Split(Types), Split(Channels), Enabled, DisabledReason, CreatedAt)
        {
            OldSecretUntil = OldSecretUntil, TriedAt = TriedAt, FailingSince = FailingSince, Dropped = Dropped, Waiting = Waiting,
        };
    }
}
