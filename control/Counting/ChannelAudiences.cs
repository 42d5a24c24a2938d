using Dapper;

namespace Broadcast.Control;

/// <summary>How many watch a channel, as it stands in the database.</summary>
/// <param name="Viewers">Now, at all processes together: what they wrote there within <see cref="ViewerTotals.Holds"/>.</param>
/// <param name="PeakViewers">The most that watched its newest session at a time; 0 where it had none.</param>
public readonly record struct ChannelAudience(long Viewers, long PeakViewers);

/// <summary>How many watch, for who is not one of the processes that count: the command line. The API's <c>live.viewers</c> and <c>peakViewers</c> are of the same, and up to <see cref="ViewerKeeper.Exchange"/> newer.</summary>
/// <param name="database">The database.</param>
public sealed class ChannelAudiences(Database database)
{
    private const string Peaks = """
        SELECT c.name AS channel, s.peak_viewers AS viewers
        FROM channels c JOIN LATERAL (SELECT peak_viewers FROM sessions WHERE channel_id = c.id ORDER BY id DESC LIMIT 1) s ON true
        WHERE c.deleted_at IS NULL
        """;

    /// <summary>All channels that somebody watches or that had a session, by name; of all others nothing is known.</summary>
    public async Task<IReadOnlyDictionary<string, ChannelAudience>> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var now = (await ViewerTable.ReadAsync(connection, cancellationToken)).ToLookup(sample => sample.Channel.Value, StringComparer.Ordinal);
        var peaks = (await connection.QueryAsync<(string Channel, long Viewers)>(new CommandDefinition(Peaks, cancellationToken: cancellationToken)))
            .ToDictionary(row => row.Channel, row => row.Viewers, StringComparer.Ordinal);
        return now.Select(group => group.Key).Union(peaks.Keys, StringComparer.Ordinal).ToDictionary(
            channel => channel, channel => new ChannelAudience(Media.ViewerSample.Together([.. now[channel]]), peaks.GetValueOrDefault(channel)), StringComparer.Ordinal);
    }
}
