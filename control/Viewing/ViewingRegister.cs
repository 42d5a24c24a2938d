using System.Collections.Frozen;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Who may watch which channel, and which of its sessions where that is another matter, in memory: all of it, read anew when something of it has changed. While the database is away, what was known last holds, revocations included; before it was
/// read once, nothing is known.
/// </summary>
internal sealed class ViewingRegister(TimeProvider time) : IDisposable
{
    private const string Sql = """
        SELECT name, access FROM channels WHERE deleted_at IS NULL;
        SELECT c.name, k.id, k.secret, k.of_server FROM viewer_keys k JOIN channels c ON c.id = k.channel_id WHERE k.revoked_at IS NULL AND c.deleted_at IS NULL;
        SELECT c.name, t.id FROM viewer_tokens t JOIN channels c ON c.id = t.channel_id
            WHERE t.revoked_at IS NOT NULL AND (t.expires_at IS NULL OR t.expires_at > @now) AND c.deleted_at IS NULL;
        SELECT c.name, s.id, s.access FROM sessions s JOIN channels c ON c.id = s.channel_id WHERE s.access IS NOT NULL AND c.deleted_at IS NULL
        """;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private FrozenDictionary<string, ViewingPolicy>? _policies;

    /// <summary>Whether it was ever read.</summary>
    public bool IsKnown => Volatile.Read(ref _policies) is not null;

    /// <summary>Whether a notice on <c>broadcast_control</c> is about something that stands in here.</summary>
    public static bool IsAbout(string notice) =>
        notice.StartsWith("channels:", StringComparison.Ordinal) || notice.StartsWith("sessions:", StringComparison.Ordinal) || notice.StartsWith("viewer_keys:", StringComparison.Ordinal) || notice.StartsWith("viewer_tokens:", StringComparison.Ordinal);

    /// <summary>A channel's policy; <see langword="null"/> when there is no such channel, or nothing is known.</summary>
    public ViewingPolicy? Find(ChannelName channel) => Volatile.Read(ref _policies)?.GetValueOrDefault(channel.Value);

    /// <summary>Reads all of it.</summary>
    public async Task LearnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // One at a time: what was read earlier must not take the place of what was read later.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await using var answer = await connection.QueryMultipleAsync(new CommandDefinition(Sql, new { now = time.GetUtcNow() }, cancellationToken: cancellationToken));
            var channels = await answer.ReadAsync<(string Name, string Access)>();
            var keys = (await answer.ReadAsync<(string Name, string Id, string Secret, bool IsServers)>()).ToLookup(k => k.Name, StringComparer.Ordinal);
            var revoked = (await answer.ReadAsync<(string Name, string Id)>()).ToLookup(t => t.Name, t => t.Id, StringComparer.Ordinal);
            var sessions = (await answer.ReadAsync<(string Name, string Id, string Access)>()).ToLookup(s => s.Name, StringComparer.Ordinal);
            Volatile.Write(ref _policies, channels.ToFrozenDictionary(
                c => c.Name,
                c => new ViewingPolicy(
                    AccessOf(c.Access),
                    keys[c.Name].ToFrozenDictionary(k => k.Id, k => ViewerKeys.BytesOf(k.Secret), StringComparer.Ordinal),
                    revoked[c.Name].ToFrozenSet(StringComparer.Ordinal))
                {
                    ServerKeys = keys[c.Name].Where(k => k.IsServers).Select(k => k.Id).ToFrozenSet(StringComparer.Ordinal),
                    Sessions = sessions[c.Name].ToFrozenDictionary(s => SessionId.Parse(s.Id), s => AccessOf(s.Access)),
                },
                StringComparer.Ordinal));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>An access by its name in the database; one that is not known here is the strictest that is.</summary>
    internal static ViewerAccess AccessOf(string name) => name switch
    {
        "public" => ViewerAccess.Public,
        "webhook" => ViewerAccess.Webhook,
        _ => ViewerAccess.Token,
    };
}
