using System.Buffers.Binary;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Npgsql;

namespace Broadcast.Control.ViewerCounting;

/// <summary>
/// Exchanges viewer counts between processes through the table <c>viewer_counts</c>. Ages are measured by the database's clock.
/// </summary>
/// <param name="database">The database.</param>
internal sealed class ViewerTable(ServerDatabase database)
{
    /// <summary>Id of this process.</summary>
    public Guid Server { get; } = Guid.NewGuid();

    /// <summary>Writes this process's counts, and reads those of other processes.</summary>
    /// <param name="own">This process's counts.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<IReadOnlyList<ViewerSketch>> ExchangeAsync(IReadOnlyList<ViewerSketch> own, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            DELETE FROM viewer_counts v WHERE v.at < now() - interval '2 minutes'
                OR (v.server = @server AND NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = v.channel_id AND c.deleted_at IS NULL
                AND c.name = ANY (@names)));
            INSERT INTO viewer_counts (server, channel_id, viewers, level, depth, ids)
            SELECT @server, c.id, s.viewers, s.level, s.depth, s.ids
            FROM unnest(@names, @viewers, @levels, @depths, @ids) AS s (name, viewers, level, depth, ids) JOIN channels c ON c.name = s.name
                AND c.deleted_at IS NULL
            ON CONFLICT (server, channel_id) DO UPDATE SET viewers = excluded.viewers, level = excluded.level, depth = excluded.depth,
            ids = excluded.ids, at = now();
            SELECT c.name AS channel, v.viewers, v.level, v.depth, v.ids FROM viewer_counts v JOIN channels c ON c.id = v.channel_id
                AND c.deleted_at IS NULL
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
                holds = ViewerTotals.Validity.TotalSeconds,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToSample())];
    }

    /// <summary>Reads the counts of all processes, for a process that does not count viewers.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task<IReadOnlyList<ViewerSketch>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT c.name AS channel, v.viewers, v.level, v.depth, v.ids FROM viewer_counts v JOIN channels c ON c.id = v.channel_id
                AND c.deleted_at IS NULL
            WHERE v.at > now() - make_interval(secs => @holds)
            """,
            new { holds = ViewerTotals.Validity.TotalSeconds },
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
        public ViewerSketch ToSample() => new(ChannelName.Parse(Channel), Viewers, Level, Depth, Unpack(Ids));
    }
}
