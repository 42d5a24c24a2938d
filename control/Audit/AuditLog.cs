using System.Globalization;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>One change.</summary>
/// <param name="Id">Rises with every row; later ones are newer.</param>
/// <param name="At">When it was.</param>
/// <param name="Actor">Who made it.</param>
/// <param name="Action">What was done, <c>noun.verb</c>.</param>
/// <param name="Subject">To what, <c>noun/id</c>.</param>
/// <param name="Detail">What else there is to know. Never a secret.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, Actor Actor, string Action, string Subject, IReadOnlyDictionary<string, string> Detail);

/// <summary>What to list of the audit log.</summary>
/// <param name="Actor">Only by these: a kind (<c>user</c>) or one of them (<c>user/jane</c>).</param>
/// <param name="Subject">Only to these: a noun (<c>channel</c>) or one of them (<c>channel/main</c>).</param>
/// <param name="Action">Only this action.</param>
/// <param name="Before">Only what is older than this id, to read on.</param>
/// <param name="Limit">How many, 1 to <see cref="AuditLog.MaxPage"/>.</param>
public sealed record AuditFilter(string? Actor = null, string? Subject = null, string? Action = null, long? Before = null, int Limit = 50);

/// <summary>
/// Who changed what, when. Rows are written by what makes the change, in its transaction: there is no change without its row, and no row without its change. What is changed beside the database has its row afterwards
/// (<see cref="TryNoteAsync"/>), and does not wait for a database that is away.
/// </summary>
public sealed class AuditLog(Database database)
{
    /// <summary>Most that one answer holds.</summary>
    public const int MaxPage = 200;

    private const int MaxText = 500;
    private const int MaxFilter = 300;
    private const int AtOnce = 10_000;

    private const string Insert = """
        INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, action, subject, detail)
        VALUES (@at, @kind, @id, @name, @address, @action, @subject, @detail::jsonb)
        """;

    /// <summary>What has happened, newest first.</summary>
    /// <exception cref="ControlException">A bad value.</exception>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, CancellationToken cancellationToken = default)
    {
        if (Mistakes(filter).ToList() is { Count: > 0 } mistakes)
        {
            throw new ControlException(mistakes);
        }

        var (kind, id) = Parts(filter.Actor);
        var (noun, rest) = Parts(filter.Subject);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT id, at, actor_kind AS kind, actor_id AS actorId, actor_name AS name, address, action, subject, detail::text AS detail FROM audit_log
            WHERE (@kind::text IS NULL OR actor_kind = @kind) AND (@actorId::text IS NULL OR actor_id = @actorId)
                AND (@nouns::text IS NULL OR subject LIKE @nouns) AND (@subject::text IS NULL OR subject = @subject)
                AND (@action::text IS NULL OR action = @action) AND (@before::bigint IS NULL OR id < @before)
            ORDER BY id DESC LIMIT @limit
            """,
            new
            {
                kind, actorId = id, nouns = noun is null || rest is not null ? null : Like(noun) + "/%", subject = rest is null ? null : filter.Subject,
                action = filter.Action, before = filter.Before, limit = filter.Limit,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToEntry())];
    }

    /// <summary>A kind's name.</summary>
    public static string Name(ActorKind kind) => kind switch
    {
        ActorKind.User => "user",
        ActorKind.Token => "token",
        ActorKind.Command => "command",
        ActorKind.Schedule => "schedule",
        _ => "server",
    };

    /// <summary>Writes down that the current actor has changed something that is not in the database: media, say, or the database as a whole.</summary>
    /// <param name="at">When it was.</param>
    /// <param name="action">What was done: <c>noun.verb</c>, <c>media.repair</c>.</param>
    /// <param name="subject">To what: <c>noun/id</c>.</param>
    /// <param name="detail">What else there is to know; long texts are cut. Never a secret.</param>
    /// <returns>Why there is no row; <see langword="null"/> when there is one. The change is made either way, so that nothing is thrown.</returns>
    public async Task<string?> TryNoteAsync(DateTimeOffset at, string action, string subject, IReadOnlyDictionary<string, string> detail)
    {
        try
        {
            // What is done is told, also when whoever did it has no time left.
            await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
            await AddAsync(connection, null, at, action, subject, detail, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (Database.IsAway(e) || e is PostgresException)
        {
            return Database.Describe(e);
        }
    }

    /// <summary>Writes down that the current actor changes something.</summary>
    /// <param name="connection">Where the change is made.</param>
    /// <param name="transaction">The change's transaction.</param>
    /// <param name="at">When it is.</param>
    /// <param name="action">What is done: <c>noun.verb</c>, <c>channel.create</c>.</param>
    /// <param name="subject">To what: <c>noun/id</c>, <c>channel/main</c>.</param>
    /// <param name="detail">What else there is to know (<see cref="Detail"/>); long texts are cut. Never a secret.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task AddAsync(
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
                id = Cut(actor.Id, 200),
                name = Cut(actor.Name, 200),
                address = Cut(actor.Address, 64),
                action,
                subject = Cut(subject, 300),
                detail = Json(detail),
            },
            transaction,
            cancellationToken: cancellationToken));
    }

    /// <summary>Details by name; what has no value is left out.</summary>
    internal static IReadOnlyDictionary<string, string> Detail(params (string Name, string? Value)[] members) =>
        members.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value!, StringComparer.Ordinal);

    /// <summary>An instant as details have it.</summary>
    internal static string? Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Removes what is older than an instant, some thousand at a time.</summary>
    internal async Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var (all, last) = (0, AtOnce);
        while (last == AtOnce)
        {
            last = await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < @before ORDER BY at LIMIT @most)", new { before, most = AtOnce }, cancellationToken: cancellationToken));
            all += last;
        }

        return all;
    }

    internal static IEnumerable<Mistake> Mistakes(AuditFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"A limit is 1 to {MaxPage}.");
        }

        foreach (var (member, value) in new[] { ("actor", filter.Actor), ("subject", filter.Subject), ("action", filter.Action) })
        {
            if (value is not null && (value.Length is 0 or > MaxFilter || value.Contains('\0', StringComparison.Ordinal)))
            {
                yield return new(member, $"'{member}' has 1 to {MaxFilter} characters.");
            }
        }
    }

    private static (string? First, string? Second) Parts(string? text) =>
        text?.IndexOf('/', StringComparison.Ordinal) is not { } slash ? (null, null) : slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);

    /// <summary>A text as it stands in a pattern of SQL's LIKE, for itself.</summary>
    internal static string Like(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    private static string Json(IReadOnlyDictionary<string, string>? detail) =>
        detail is null ? "{}" : JsonSerializer.Serialize(detail.ToDictionary(d => d.Key, d => Cut(d.Value, MaxText), StringComparer.Ordinal));

    // PostgreSQL's texts hold no NUL, and half a character is none.
    private static string Cut(string text, int length)
    {
        var whole = text.Replace("\0", "", StringComparison.Ordinal);
        return whole.Length <= length ? whole : whole[..(char.IsHighSurrogate(whole[length - 1]) ? length - 1 : length)];
    }

    private sealed record Row(long Id, DateTimeOffset At, string Kind, string ActorId, string Name, string Address, string Action, string Subject, string Detail)
    {
        public AuditEntry ToEntry() => new(
            Id, At, new(Enum.Parse<ActorKind>(Kind, ignoreCase: true), ActorId, Name, Address), Action, Subject,
            JsonSerializer.Deserialize<Dictionary<string, string>>(Detail) ?? new(StringComparer.Ordinal));
    }
}
