using Broadcast.Media;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>How many watch a channel: the data of <see cref="EventStreamTypes.ChannelViewers"/>.</summary>
/// <param name="Viewers">As the API's <c>live.viewers</c>.</param>
internal sealed record ChannelViewersData(long Viewers);

/// <summary>
/// Tells other processes who watches here and hears who watches there, remembers the most that watched each session, and has the event stream told when the number of a channel's viewers has changed. While the database is away this process's
/// own count goes on.
/// </summary>
internal sealed class ViewerKeeper(
    ViewerTable table, ViewerTotals totals, SessionBook book, Database database, TimeProvider time, ILogger<ViewerKeeper> logger, IViewerCounter? counter = null) : BackgroundService
{
    /// <summary>How often it is looked how many watch.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>How often a channel's change is told at most: who comes back is sent so many messages that were missed and no more, and viewers come and go all the time.</summary>
    public static readonly TimeSpan Tells = TimeSpan.FromSeconds(15);

    /// <summary>How often processes tell each other.</summary>
    public static readonly TimeSpan Exchange = TimeSpan.FromSeconds(10);

    private readonly Dictionary<ChannelName, (long Viewers, long? At)> _told = [];
    private long? _exchanged;

    /// <summary>One look.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var isAway = false;
        if (_exchanged is not { } last || time.GetElapsedTime(last) >= Exchange)
        {
            try
            {
                totals.Hear(await table.ExchangeAsync(counter?.Read() ?? [], cancellationToken));
                _exchanged = time.GetTimestamp();
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                isAway = true;
            }
        }

        var open = book.OpenSessions();
        foreach (var (channel, session) in open)
        {
            book.NoteViewers(session, totals.Find(channel).Viewers);
        }

        // Who has the media tells, as of everything else that a channel does.
        if (!isAway && counter is not null)
        {
            await TellAsync([.. open.Select(o => o.Channel)], cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                // What was not told is told at the next look. The control room says that it is away.
            }
            catch (Exception e)
            {
                ControlLog.ViewersFailed(logger, e);
            }

            await Task.Delay(Look, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Tells of channels that are on, and of those that were until nobody watches what is left of them.</summary>
    private async Task TellAsync(HashSet<ChannelName> open, CancellationToken cancellationToken)
    {
        foreach (var channel in open.Union(_told.Keys).ToList())
        {
            var viewers = totals.Find(channel).Viewers;
            var told = _told.GetValueOrDefault(channel);
            if (viewers != told.Viewers && (told.At is not { } at || time.GetElapsedTime(at) >= Tells))
            {
                await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
                await EventStreamLog.AddAsync(connection, time.GetUtcNow(), EventStreamTypes.ChannelViewers, channel.Value, new ChannelViewersData(viewers), cancellationToken);
                told = (viewers, time.GetTimestamp());
            }

            if (viewers == 0 && told.Viewers == 0 && !open.Contains(channel))
            {
                _told.Remove(channel);
            }
            else
            {
                _told[channel] = told;
            }
        }
    }
}
