using System.Globalization;
using System.Text.Json;
using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>One change.</summary>
/// <param name="Id">Increasing row number; higher is newer.</param>
/// <param name="At">Time of the change.</param>
/// <param name="Actor">Originator of the change.</param>
/// <param name="Action">Action as <c>noun.verb</c>.</param>
/// <param name="Subject">Changed object as <c>noun/id</c>.</param>
/// <param name="Detail">Further details. Never a secret.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, Actor Actor, string Action, string Subject,
    IReadOnlyDictionary<string, string> Detail);

/// <summary>Filter of audit log entries.</summary>
/// <param name="Actor">Kind of actor (<c>user</c>) or one actor (<c>user/jane</c>).</param>
/// <param name="Subject">Kind of object (<c>channel</c>) or one object (<c>channel/main</c>).</param>
/// <param name="Action">One action.</param>
/// <param name="Before">Only entries older than this id, for paging.</param>
/// <param name="Limit">Maximum number of entries, 1 to <see cref="AuditLog.MaxPage"/>.</param>
public sealed record AuditFilter(string? Actor = null, string? Subject = null, string? Action = null, long? Before = null, int Limit = 50);

/// <summary>
/// Log of administrative changes. Each row is written in the transaction of its change, so neither exists without the other. A change
/// outside the database gets its row afterwards (<see cref="TryRecordAsync"/>) and does not wait for an unavailable database.
/// </summary>
public sealed class AuditLog(ServerDatabase database)
{
    /// <summary>Maximum number of entries per page.</summary>
    public const int MaxPage = 200;

    private static readonly EnumNames<ActorKind> KindNames = new("kind of actor",
        (ActorKind.User, "user"), (ActorKind.Token, "token"), (ActorKind.Command, "command"), (ActorKind.Schedule, "schedule"),
        (ActorKind.Server, "server"));

    private const int MaxText = 500;
    private const int MaxFilter = 300;
    private const int BatchSize = 10_000;

    private const string Insert = """
        INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, action, subject, detail)
        VALUES (@at, @kind, @id, @name, @address, @action, @subject, @detail::jsonb)
        """;

    /// <summary>Lists changes, newest first.</summary>
    /// <exception cref="OperationException">A filter value is invalid.</exception>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, CancellationToken cancellationToken = default)
    {
        if (Validate(filter).ToList() is { Count: > 0 } errors)
        {
            throw new OperationException(errors);
        }

        var (kind, id) = SplitFilter(filter.Actor);
        var (noun, rest) = SplitFilter(filter.Subject);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT id, at, actor_kind AS kind, actor_id AS actorId, actor_name AS name, address, action, subject, detail::text AS detail
                FROM audit_log
            WHERE (@kind::text IS NULL OR actor_kind = @kind) AND (@actorId::text IS NULL OR actor_id = @actorId)
                AND (@nouns::text IS NULL OR subject LIKE @nouns) AND (@subject::text IS NULL OR subject = @subject)
                AND (@action::text IS NULL OR action = @action) AND (@before::bigint IS NULL OR id < @before)
            ORDER BY id DESC LIMIT @limit
            """,
            new
            {
                kind, actorId = id, nouns = noun is null || rest is not null ? null : EscapeLike(noun) + "/%",
                subject = rest is null ? null : filter.Subject,
                action = filter.Action, before = filter.Before, limit = filter.Limit,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToEntry())];
    }

    /// <summary>Gets the name of a kind.</summary>
    public static string Name(ActorKind kind) => KindNames.Name(kind);

    /// <summary>Parses the name of a kind of actor.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static ActorKind ParseKind(string name) => KindNames.Parse(name);

    /// <summary>Records a change by the current actor that is not in the database, for example of media or of the whole database.</summary>
    /// <param name="at">Time of the change.</param>
    /// <param name="action">Action as <c>noun.verb</c>, such as <c>media.repair</c>.</param>
    /// <param name="subject">Changed object as <c>noun/id</c>.</param>
    /// <param name="detail">Further details; long texts are truncated. Never a secret.</param>
    /// <returns>Reason why no row was written; <see langword="null"/> on success. The change is already made, so nothing is
    /// thrown.</returns>
    public async Task<string?> TryRecordAsync(DateTimeOffset at, string action, string subject, IReadOnlyDictionary<string, string> detail)
    {
        try
        {
            // The change is recorded even if the caller's cancellation token fires.
            await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
            await RecordAsync(connection, null, at, action, subject, detail, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is PostgresException)
        {
            return ServerDatabase.Describe(e);
        }
    }

    /// <summary>Records a change by the current actor.</summary>
    /// <param name="connection">Connection of the change.</param>
    /// <param name="transaction">Transaction of the change.</param>
    /// <param name="at">Time of the change.</param>
    /// <param name="action">Action as <c>noun.verb</c>, such as <c>channel.create</c>.</param>
    /// <param name="subject">Changed object as <c>noun/id</c>, such as <c>channel/main</c>.</param>
    /// <param name="detail">Further details (<see cref="Detail"/>); long texts are truncated. Never a secret.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    internal static async Task RecordAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        DateTimeOffset at,
        string action,
        string subject,
        IReadOnlyDictionary<string, string>? detail,
        CancellationToken cancellationToken)
    {
        var actor = Actor.Current;
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                at,
                kind = Name(actor.Kind),
                id = Truncate(actor.Id, 200),
                name = Truncate(actor.Name, 200),
                address = Truncate(actor.Address, 64),
                action,
                subject = Truncate(subject, 300),
                detail = Json(detail),
            },
            transaction,
            cancellationToken: cancellationToken));
    }

    /// <summary>Creates details by name; members without a value are omitted.</summary>
    internal static IReadOnlyDictionary<string, string> Detail(params (string Name, string? Value)[] members) =>
        members.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value!, StringComparer.Ordinal);

    /// <summary>Formats a time for details.</summary>
    internal static string? Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Removes rows older than a time, in batches of 10000.</summary>
    internal async Task<int> RemoveBeforeAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var (all, last) = (0, BatchSize);
        while (last == BatchSize)
        {
            last = await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < @before ORDER BY at LIMIT @most)",
                new { before, most = BatchSize }, cancellationToken: cancellationToken));
            all += last;
        }

        return all;
    }

    internal static IEnumerable<ValidationError> Validate(AuditFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"A limit must be 1 to {MaxPage}.");
        }

        foreach (var (member, value) in new[] { ("actor", filter.Actor), ("subject", filter.Subject), ("action", filter.Action) })
        {
            if (value is not null && (value.Length is 0 or > MaxFilter || value.Contains('\0', StringComparison.Ordinal)))
            {
                yield return new(member, $"'{member}' must be 1 to {MaxFilter} characters.");
            }
        }
    }

    private static (string? First, string? Second) SplitFilter(string? text) =>
        text?.IndexOf('/', StringComparison.Ordinal) is not { } slash ? (null, null)
        : slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);

    /// <summary>Escapes a text for use as a literal in an SQL LIKE pattern.</summary>
    internal static string EscapeLike(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static string Json(IReadOnlyDictionary<string, string>? detail) =>
        detail is null ? "{}"
        : JsonSerializer.Serialize(detail.ToDictionary(d => d.Key, d => Truncate(d.Value, MaxText), StringComparer.Ordinal));

    // PostgreSQL text cannot contain NUL, and a surrogate pair must not be split.
    private static string Truncate(string text, int length)
    {
        var cleaned = text.Replace("\0", "", StringComparison.Ordinal);
        return cleaned.Length <= length ? cleaned : cleaned[..(char.IsHighSurrogate(cleaned[length - 1]) ? length - 1 : length)];
    }

    private sealed record Row(long Id, DateTimeOffset At, string Kind, string ActorId, string Name, string Address, string Action,
        string Subject, string Detail)
    {
        public AuditEntry ToEntry() => new(
            Id, At, new(ParseKind(Kind), ActorId, Name, Address), Action, Subject,
            JsonSerializer.Deserialize<Dictionary<string, string>>(Detail) ?? new(StringComparer.Ordinal));
    }
}
