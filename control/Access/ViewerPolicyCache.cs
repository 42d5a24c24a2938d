using System.Collections.Frozen;
using Broadcast.Control.Channels;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>
/// Access policies of all channels, and of sessions with their own, in memory. All are read again after a change. While the database is
/// unavailable, the last known policies apply, including revocations; before the first read, none is known.
/// </summary>
internal sealed class ViewerPolicyCache(TimeProvider time) : IDisposable
{
    private const string Sql = """
        SELECT name, access FROM channels WHERE deleted_at IS NULL;
        SELECT c.name, k.id, k.secret, k.server_managed FROM viewer_keys k JOIN channels c ON c.id = k.channel_id WHERE k.revoked_at IS NULL
            AND c.deleted_at IS NULL;
        SELECT c.name, t.id FROM viewer_tokens t JOIN channels c ON c.id = t.channel_id
            WHERE t.revoked_at IS NOT NULL AND (t.expires_at IS NULL OR t.expires_at > @now) AND c.deleted_at IS NULL;
        SELECT c.name, s.id, s.access FROM sessions s JOIN channels c ON c.id = s.channel_id WHERE s.access IS NOT NULL
            AND c.deleted_at IS NULL
        """;

    private readonly SemaphoreSlim _mutex = new(1, 1);
    private FrozenDictionary<string, ViewerAccessPolicy>? _policies;

    /// <summary>Indicates whether the policies were ever read.</summary>
    public bool IsLoaded => Volatile.Read(ref _policies) is not null;

    /// <summary>A channel's policy; <see langword="null"/> when the channel does not exist, or nothing is known yet.</summary>
    public ViewerAccessPolicy? Find(ChannelName channel) => Volatile.Read(ref _policies)?.GetValueOrDefault(channel.Value);

    /// <summary>Reads all policies.</summary>
    public async Task RefreshAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // One at a time: an older read must not overwrite a later one.
        await _mutex.WaitAsync(cancellationToken);
        try
        {
            await using var results = await connection.QueryMultipleAsync(
                new CommandDefinition(Sql, new { now = time.GetUtcNow() }, cancellationToken: cancellationToken));
            var channels = await results.ReadAsync<(string Name, string Access)>();
            var keys = (await results.ReadAsync<(string Name, string Id, string Secret, bool IsServers)>()).ToLookup(k => k.Name,
                StringComparer.Ordinal);
            var revoked = (await results.ReadAsync<(string Name, string Id)>()).ToLookup(t => t.Name, t => t.Id, StringComparer.Ordinal);
            var sessions = (await results.ReadAsync<(string Name, string Id, string Access)>()).ToLookup(s => s.Name,
                StringComparer.Ordinal);
            Volatile.Write(ref _policies, channels.ToFrozenDictionary(
                c => c.Name,
                c => new ViewerAccessPolicy(
                    ChannelRules.ParseAccess(c.Access),
                    keys[c.Name].ToFrozenDictionary(k => k.Id, k => ViewerKeys.GetBytes(k.Secret), StringComparer.Ordinal),
                    revoked[c.Name].ToFrozenSet(StringComparer.Ordinal))
                {
                    ServerKeys = keys[c.Name].Where(k => k.IsServers).Select(k => k.Id).ToFrozenSet(StringComparer.Ordinal),
                    Sessions = sessions[c.Name].ToFrozenDictionary(s => SessionId.Parse(s.Id), s => ChannelRules.ParseAccess(s.Access)),
                },
                StringComparer.Ordinal));
        }
        finally
        {
            _mutex.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mutex.Dispose();
}
