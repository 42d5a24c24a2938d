using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Channels whose session this server copies for another one. Where servers run some of the roles, no viewer and no encoder makes a server
/// with role <c>media</c> mirror a session of another; without a copy, none could take the session over. Each such session therefore has
/// one spare: a live server with role <c>media</c>, chosen by a hash, so that all servers choose the same one.
/// </summary>
internal sealed class SpareSessions(ServerIdentity identity)
{
    private const string MediaServersSql = """
        SELECT id, roles @> '{control,ingest,media,origin}' AS isComplete FROM servers
        WHERE 'media' = ANY (roles) AND NOT draining AND lease_until > clock_timestamp()
        """;

    private volatile IReadOnlyList<ChannelName> _channels = [];

    /// <summary>The channels, as of the last update.</summary>
    public IReadOnlyList<ChannelName> Channels => _channels;

    /// <summary>Chooses anew.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="open">All open sessions.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task UpdateAsync(NpgsqlConnection connection, IReadOnlyList<ClaimedSession> open, CancellationToken cancellationToken)
    {
        RemoteSession[] remote = identity.Roles.Media ? [.. open.Select(session => session.Remote).OfType<RemoteSession>()] : [];
        if (remote.Length == 0)
        {
            _channels = [];
            return;
        }

        var rows = await connection.QueryAsync<(Guid Id, bool IsComplete)>(
            new CommandDefinition(MediaServersSql, cancellationToken: cancellationToken));
        var servers = rows.ToDictionary(row => row.Id, row => row.IsComplete);
        _channels = [.. remote.Where(session => session.Target is { Owner.Id: var owner }
            && servers.TryGetValue(owner, out var isComplete) && !isComplete
            && Choose(session.Session, servers.Keys.Where(id => id != owner)) == identity.Id)
            .Select(session => ChannelName.Parse(session.Channel))];
    }

    /// <summary>Chooses a server by rendezvous hashing: when a server comes or goes, only its own sessions change.</summary>
    internal static Guid? Choose(SessionId session, IEnumerable<Guid> servers) =>
        servers.Select(id => (Guid?)id).MaxBy(id => Weigh(session, id!.Value));

    private static ulong Weigh(SessionId session, Guid server)
    {
        Span<byte> input = stackalloc byte[128];
        var length = Encoding.UTF8.GetBytes(session.Value, input);
        server.TryWriteBytes(input[length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..(length + 16)], hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
