using System.Buffers.Binary;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>Where processes tell each other who watches at them: table <c>viewer_counts</c>. Ages are by the database's clock.</summary>
/// <param name="database">The database.</param>
internal sealed class ViewerTable(Database database)
{
    /// <summary>This process, as long as it runs.</summary>
    public Guid Server { get; } = Guid.NewGuid();

    /// <summary>Writes what this process sees, and reads what others see.</summary>
    /// <param name="own">What it sees.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<ViewerSample>> ExchangeAsync(IReadOnlyList<ViewerSample> own, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            DELETE FROM viewer_counts v WHERE v.at < now() - interval '2 minutes'
                OR (v.server = @server AND NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = v.channel_id AND c.deleted_at IS NULL AND c.name = ANY (@names)));
            INSERT INTO viewer_counts (server, channel_id, viewers, level, depth, ids)
            SELECT @server, c.id, s.viewers, s.level, s.depth, s.ids
            FROM unnest(@names, @viewers, @levels, @depths, @ids) AS s (name, viewers, level, depth, ids) JOIN channels c ON c.name = s.name AND c.deleted_at IS NULL
            ON CONFLICT (server, channel_id) DO UPDATE SET viewers = excluded.viewers, level = excluded.level, depth = excluded.depth, ids = excluded.ids, at = now();
            SELECT c.name AS channel, v.viewers, v.level, v.depth, v.ids FROM viewer_counts v JOIN channels c ON c.id = v.channel_id AND c.deleted_at IS NULL
            WHERE v.server <> @server AND v.at > now() - make_interval(secs => @holds)
            """,
            new
            {
                server = Server,
                names = own.Select(s => s.Channel.Value).ToArray(),
                viewers = own.Select(s => s.Viewers).ToArray(),
                levels = own.Select(s => s.Level).ToArray(),
                depths = own.Select(s => s.Depth).ToArray(),
                ids = own.Select(s => Pack(s.Ids)).ToArray(),
                holds = ViewerTotals.Holds.TotalSeconds,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToSample())];
    }

    /// <summary>What all processes see, for who is none of them.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<ViewerSample>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT c.name AS channel, v.viewers, v.level, v.depth, v.ids FROM viewer_counts v JOIN channels c ON c.id = v.channel_id AND c.deleted_at IS NULL
            WHERE v.at > now() - make_interval(secs => @holds)
            """,
            new { holds = ViewerTotals.Holds.TotalSeconds },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToSample())];
    }

    private static byte[] Pack(IReadOnlyList<ulong> ids)
    {
        var bytes = new byte[ids.Count * sizeof(ulong)];
        for (var i = 0; i < ids.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)), ids[i]);
        }

        return bytes;
    }

    private static ulong[] Unpack(byte[] bytes)
    {
        var ids = new ulong[bytes.Length / sizeof(ulong)];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)));
        }

        return ids;
    }

    private sealed record Row(string Channel, long Viewers, int Level, int Depth, byte[] Ids)
    {
        public ViewerSample ToSample() => new(ChannelName.Parse(Channel), Viewers, Level, Depth, Unpack(Ids));
    }
}
