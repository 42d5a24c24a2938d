using Broadcast.Database;
using Broadcast.Media.OriginToControl;
using Dapper;

namespace Broadcast.Control.ViewerCounting;

/// <summary>Viewer counts of a channel, from the database.</summary>
/// <param name="Viewers">Current viewers at all processes together, as written within <see cref="ViewerTotals.Validity"/>.</param>
/// <param name="PeakViewers">Peak viewers of its newest session; 0 without a session.</param>
public readonly record struct ChannelViewerCount(long Viewers, long PeakViewers);

/// <summary>
/// Viewer counts for processes that do not count viewers, such as the command line. The API's <c>live.viewers</c> and <c>peakViewers</c>
/// have the same source and are up to <see cref="ViewerCountService.ExchangeInterval"/> newer.
/// </summary>
/// <param name="database">The database.</param>
public sealed class ChannelViewerCounts(ServerDatabase database)
{
    private const string Peaks = """
        SELECT c.name AS channel, s.peak_viewers AS viewers
        FROM channels c JOIN LATERAL (SELECT peak_viewers FROM sessions WHERE channel_id = c.id ORDER BY id DESC LIMIT 1) s ON true
        WHERE c.deleted_at IS NULL
        """;

    /// <summary>Counts of all channels with viewers or a session, by name; other channels are absent.</summary>
    public async Task<IReadOnlyDictionary<string, ChannelViewerCount>> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var now = (await ViewerTable.ReadAsync(connection, cancellationToken)).ToLookup(sample => sample.Channel.Value,
            StringComparer.Ordinal);
        var peaks = (await connection.QueryAsync<(string Channel, long Viewers)>(
            new CommandDefinition(Peaks, cancellationToken: cancellationToken)))
            .ToDictionary(row => row.Channel, row => row.Viewers, StringComparer.Ordinal);
        return now.Select(group => group.Key).Union(peaks.Keys, StringComparer.Ordinal).ToDictionary(
            channel => channel, channel => new ChannelViewerCount(ViewerSketch.Total([.. now[channel]]),
                peaks.GetValueOrDefault(channel)), StringComparer.Ordinal);
    }
}
