using Broadcast.Control.Identity;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Webhooks;

/// <summary>
/// Repository of webhooks. Works on the database, with or without a running server; changes apply from the next delivery.
/// </summary>
public sealed class WebhookRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Columns = """
        w.id, w.url, w.label, array_to_string(w.types, ',') AS types, array_to_string(w.channels, ',') AS channels, w.enabled, w.disabled_reason AS disabledReason, w.created_at AS createdAt, w.old_secret_until AS previousSecretExpiresAt, w.tried_at AS lastAttemptAt,
        w.failing_since AS failingSince, w.dropped, (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting') AS waiting
        """;

    /// <summary>Creates a webhook.</summary>
    /// <exception cref="OperationException">A value is invalid, or <see cref="WebhookRules.MaxWebhooks"/> is reached.</exception>
    public async Task<IssuedWebhook> CreateAsync(WebhookSettings settings, CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(WebhookRules.Validate(settings, isNew: true, null));
        var secret = WebhookSecret.New();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            var id = Secret.New(out _).Id;
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE", null, transaction,
                cancellationToken: cancellationToken));
            if (await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT count(*) FROM webhooks", null, transaction,
                cancellationToken: cancellationToken)) >= WebhookRules.MaxWebhooks)
            {
                throw new OperationException(OperationErrorCode.Conflict,
                    $"The limit of {WebhookRules.MaxWebhooks} webhooks is reached. Delete an unused one.");
            }

            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) VALUES (@id, @url, @label, @types,
                    @channels, @secret, @enabled, @now) ON CONFLICT (id) DO NOTHING
                """,
                new
                {
                    id, url = settings.Url, label = settings.Label ?? "", types = Distinct(settings.Types) ?? [],
                    channels = Distinct(settings.Channels) ?? [], secret,
                    enabled = settings.Enabled ?? true, now = time.GetUtcNow(),
                },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)
            {
                var info = await FindAsync(connection, transaction, id, cancellationToken);
                await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "webhook.create", $"webhook/{id}", DetailOf(settings),
                    cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return new(info, secret);
            }
        }
    }

    /// <summary>Lists webhooks, oldest first.</summary>
    public async Task<IReadOnlyList<WebhookInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"SELECT {Columns} FROM webhooks w ORDER BY w.created_at, w.id",
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Gets a webhook.</summary>
    /// <exception cref="OperationException">The webhook does not exist.</exception>
    public async Task<WebhookInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, null, id, cancellationToken);
    }

    /// <summary>Changes the values set in <paramref name="settings"/>.</summary>
    /// <exception cref="OperationException">A value is invalid, or the webhook does not exist.</exception>
    public Task<WebhookInfo> SetAsync(string id, WebhookSettings settings, CancellationToken cancellationToken = default) =>
        SetIfAsync(id, settings, null, cancellationToken);

    /// <summary>
    /// Changes a webhook like <see cref="SetAsync"/> unless the check throws. The check sees the webhook under a row lock.
    /// </summary>
    internal async Task<WebhookInfo> SetIfAsync(string id, WebhookSettings settings, Action<WebhookInfo>? check,
        CancellationToken cancellationToken)
    {
        ThrowIfInvalid(WebhookRules.Validate(settings, isNew: false, null));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, id, check, cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhooks SET url = coalesce(@url, url), label = coalesce(@label, label), types = coalesce(@types, types),
                channels = coalesce(@channels, channels),
                disabled_reason = CASE WHEN @enabled IS NULL THEN disabled_reason END,
                failing_since = CASE WHEN @enabled AND NOT enabled THEN NULL ELSE failing_since END,
                failures = CASE WHEN @enabled AND NOT enabled THEN 0 ELSE failures END,
                enabled = coalesce(@enabled, enabled)
            WHERE id = @id
            """,
            new { id, url = settings.Url, label = settings.Label, types = Distinct(settings.Types), channels = Distinct(settings.Channels),
                enabled = settings.Enabled },
            transaction,
            cancellationToken: cancellationToken));
        var info = changed == 1 ? await FindAsync(connection, transaction, id, cancellationToken) : throw WebhookRules.NotFound();
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "webhook.change", $"webhook/{id}", DetailOf(settings),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return info;
    }

    /// <summary>
    /// Creates a new secret. Until the previous one expires, requests carry a signature of each, so that the receiver can switch.
    /// </summary>
    /// <param name="id">Id of the webhook.</param>
    /// <param name="overlap">Remaining validity of the previous secret; 0 to <see cref="WebhookRules.MaxOverlap"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">A value is invalid, or the webhook does not exist.</exception>
    public async Task<IssuedWebhook> RotateAsync(string id, TimeSpan overlap, CancellationToken cancellationToken = default)
    {
        if (overlap < TimeSpan.Zero || overlap > WebhookRules.MaxOverlap)
        {
            throw new OperationException(
                [new("overlapSeconds", $"The overlap must be 0 to {WebhookRules.MaxOverlap.TotalSeconds:0} seconds.")]);
        }

        var secret = WebhookSecret.New();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhooks SET old_secret = CASE WHEN @until::timestamptz IS NOT NULL THEN secret END, old_secret_until = @until,
                secret = @secret WHERE id = @id
            """,
            new { id, secret, until = overlap > TimeSpan.Zero ? time.GetUtcNow() + overlap : (DateTimeOffset?)null },
            transaction,
            cancellationToken: cancellationToken));
        var info = changed == 1 ? await FindAsync(connection, transaction, id, cancellationToken) : throw WebhookRules.NotFound();
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "webhook.rotate", $"webhook/{id}",
            AuditLog.Detail(("previousSecretExpiresAt", AuditLog.Text(info.PreviousSecretExpiresAt))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(info, secret);
    }

    /// <summary>Deletes a webhook with its pending deliveries and its log.</summary>
    /// <exception cref="OperationException">The webhook does not exist.</exception>
    public Task DeleteAsync(string id, CancellationToken cancellationToken = default) => DeleteIfAsync(id, null, cancellationToken);

    /// <summary>Deletes a webhook like <see cref="DeleteAsync"/> unless the check throws.</summary>
    internal async Task DeleteIfAsync(string id, Action<WebhookInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, id, check, cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition("DELETE FROM webhooks WHERE id = @id", new { id }, transaction,
            cancellationToken: cancellationToken)) == 0)
        {
            throw WebhookRules.NotFound();
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "webhook.delete", $"webhook/{id}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // Only scheme and host of the URL: with many receivers, the rest is a secret.
    private static IReadOnlyDictionary<string, string> DetailOf(WebhookSettings settings) => AuditLog.Detail(
        ("url", settings.Url is { } url ? new Uri(url).GetLeftPart(UriPartial.Authority) : null),
        ("label", settings.Label),
        ("types", settings.Types is { } types ? string.Join(',', types) : null),
        ("channels", settings.Channels is { } channels ? string.Join(',', channels) : null),
        ("enabled", settings.Enabled switch { null => null, true => "true", false => "false" }));

    private static string[]? Distinct(IReadOnlyList<string>? values) =>
        values is null ? null : [.. values.Distinct(StringComparer.Ordinal)];

    private static async Task<WebhookInfo> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id,
        CancellationToken cancellationToken) =>
        (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM webhooks w WHERE w.id = @id", new { id }, transaction, cancellationToken: cancellationToken)))?.ToInfo()
            ?? throw WebhookRules.NotFound();

    private static async Task CheckAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, Action<WebhookInfo>? check,
        CancellationToken cancellationToken)
    {
        if (check is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition("SELECT 1 FROM webhooks WHERE id = @id FOR NO KEY UPDATE", new { id },
                transaction, cancellationToken: cancellationToken));
            check(await FindAsync(connection, transaction, id, cancellationToken));
        }
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static void ThrowIfInvalid(IEnumerable<ValidationError> errors)
    {
        if (errors.ToList() is { Count: > 0 } list)
        {
            throw new OperationException(list);
        }
    }

    private sealed record Row(
        string Id, string Url, string Label, string Types, string Channels, bool Enabled, string? DisabledReason, DateTimeOffset CreatedAt,
        DateTimeOffset? PreviousSecretExpiresAt,
        DateTimeOffset? LastAttemptAt, DateTimeOffset? FailingSince, long Dropped, long Waiting)
    {
        public WebhookInfo ToInfo() => new(Id, Url, Label, Split(Types), Split(Channels), Enabled, DisabledReason, CreatedAt)
        {
            PreviousSecretExpiresAt = PreviousSecretExpiresAt, LastAttemptAt = LastAttemptAt, FailingSince = FailingSince,
            Dropped = Dropped, Pending = Waiting,
        };
    }
}
