using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.ViewerCounting;

/// <summary>Viewer count of a channel: the data of <see cref="EventStreamTypes.ChannelViewers"/>.</summary>
/// <param name="Viewers">The count, as in the API's <c>live.viewers</c>.</param>
internal sealed record ChannelViewersData(long Viewers);

/// <summary>
/// Exchanges viewer counts with other processes, records the peak of each session, and publishes changed counts to the event stream. While
/// the database is unavailable, this process's own count continues.
/// </summary>
internal sealed class ViewerCountService(
    ViewerTable table, ViewerTotals totals, SessionManager sessionManager, ServerDatabase database,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<ViewerCountService> logger, IViewerCounter? counter = null, RemoteSessions? remoteSessions = null) : BackgroundService
{
    /// <summary>Interval of checks.</summary>
    public static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Minimum interval between published changes of a channel: viewer counts change constantly, and reconnecting clients receive a limited
    /// number of missed messages.
    /// </summary>
    public static readonly TimeSpan PublishInterval = TimeSpan.FromSeconds(15);

    /// <summary>Interval of exchanges with other processes.</summary>
    public static readonly TimeSpan ExchangeInterval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<ChannelName, (long Viewers, long? At)> _published = [];
    private long? _exchangedAt;

    /// <summary>Runs one check.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        var isUnavailable = false;
        if (_exchangedAt is not { } last || time.GetElapsedTime(last) >= ExchangeInterval)
        {
            try
            {
                totals.Update(await table.ExchangeAsync(counter?.Read() ?? [], cancellationToken));
                _exchangedAt = time.GetTimestamp();
            }
            catch (Exception e) when (ServerDatabase.IsUnavailable(e))
            {
                isUnavailable = true;
            }
        }

        var open = sessionManager.OpenSessions();
        foreach (var (channel, session) in open)
        {
            sessionManager.RecordViewers(session, totals.Find(channel).Viewers);
        }

        // The process with the media publishes the changes, like all other events of a channel.
        if (!isUnavailable && counter is not null)
        {
            await PublishAsync([.. open.Select(o => o.Channel)], cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var loop = new WorkLoop(time);
        await loop.RunAsync(
            async cancellationToken =>
            {
                await CheckAsync(cancellationToken);
                return CheckInterval;
            },
            CheckInterval, e => ControlLog.ViewersFailed(logger, e), stoppingToken);
    }

    /// <summary>Publishes changes of active channels, and of ended ones until their count is 0.</summary>
    private async Task PublishAsync(HashSet<ChannelName> open, CancellationToken cancellationToken)
    {
        foreach (var channel in open.Union(_published.Keys).ToList())
        {
            if (!open.Contains(channel) && remoteSessions?.Has(channel) == true)
            {
                _published.Remove(channel);   // the server that has it on air publishes its count
                continue;
            }

            var viewers = totals.Find(channel).Viewers;
            var published = _published.GetValueOrDefault(channel);
            if (viewers != published.Viewers && (published.At is not { } at || time.GetElapsedTime(at) >= PublishInterval))
            {
                await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
                await EventStreamLog.AddAsync(connection, time.GetUtcNow(), EventStreamTypes.ChannelViewers, channel.Value,
                    new ChannelViewersData(viewers), cancellationToken);
                published = (viewers, time.GetTimestamp());
            }

            if (viewers == 0 && published.Viewers == 0 && !open.Contains(channel))
            {
                _published.Remove(channel);
            }
            else
            {
                _published[channel] = published;
            }
        }
    }
}
