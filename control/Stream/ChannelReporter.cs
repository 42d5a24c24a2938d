using System.Globalization;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>What a channel is doing: the data of <see cref="EventStreamTypes.ChannelState"/>.</summary>
/// <param name="State">As <see cref="ChannelState.State"/>.</param>
/// <param name="Session">The session at its URLs, if any.</param>
/// <param name="StartedAt">When that began.</param>
/// <param name="Inputs">The encoders that publish now, the primary first.</param>
internal sealed record ChannelStateData(string State, string? Session, DateTimeOffset? StartedAt, IReadOnlyList<ChannelInputData> Inputs);

/// <summary>An encoder that publishes.</summary>
/// <param name="Role"><c>primary</c> or <c>backup</c>.</param>
/// <param name="State">As <see cref="ChannelInput.State"/>.</param>
/// <param name="OnAir">Whether viewers get it.</param>
/// <param name="Since">When its media began.</param>
internal sealed record ChannelInputData(string Role, string State, bool OnAir, DateTimeOffset Since);

/// <summary>What is wrong on a channel: the data of <see cref="EventStreamTypes.ChannelHealth"/>.</summary>
/// <param name="Issues">All that has lasted for <see cref="ChannelWatch.WrongFor"/>; empty when nothing is wrong any more.</param>
internal sealed record ChannelHealthData(IReadOnlyList<HealthIssueData> Issues);

/// <summary>
/// Looks once a second at the channels in use, and has the event stream told how they stand when that has changed: whole, so that who missed something needs no more than the latest. Runs where the media are; what a process
/// before this one left standing is looked at, too.
/// </summary>
internal sealed class ChannelReporter(
    Database database, SessionBook book, TimeProvider time, ILogger<ChannelReporter> logger, IChannelStates? states = null, ISourceHealth? health = null, SessionsElsewhere? elsewhere = null) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly Dictionary<ChannelName, Told> _told = [];
    private bool _hasLooked;

    /// <summary>One look.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        if (!_hasLooked)
        {
            await LearnAsync(cancellationToken);
            _hasLooked = true;
        }

        var open = book.OpenSessions().Select(s => s.Channel).ToHashSet();
        foreach (var channel in open.Union(_told.Keys).ToList())
        {
            if (!_told.TryGetValue(channel, out var told))
            {
                _told.Add(channel, told = new() { Health = "" });
            }

            var isOff = await TellStateAsync(channel, told, cancellationToken);
            await TellHealthAsync(channel, told, cancellationToken);
            if (isOff && told.Health is "" && !open.Contains(channel))
            {
                _told.Remove(channel);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (states is null)
        {
            return;   // another process has the media
        }

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
                // What was not written is not remembered as told, and the next look writes it.
            }
            catch (Exception e)
            {
                ControlLog.ReportFailed(logger, e);
            }

            await Task.Delay(Look, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Channels that were on when a process before this one told of them last: they may be off by now. Those that another server has on air are told of by that one.</summary>
    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            """
            SELECT DISTINCT e.channel FROM stream_events e JOIN channels c ON c.id = e.channel_id AND c.deleted_at IS NULL
            WHERE e.type = @state AND NOT EXISTS (SELECT 1 FROM stream_events n WHERE n.type = e.type AND n.channel_id = e.channel_id AND n.id > e.id)
                AND e.body::json -> 'data' ->> 'state' <> 'offline'
            """,
            new { state = EventStreamTypes.ChannelState },
            cancellationToken: cancellationToken));
        foreach (var name in names.Select(ChannelName.Parse).Where(name => elsewhere?.Has(name) != true))
        {
            _told.TryAdd(name, new());
        }
    }

    /// <returns>Whether the channel is off.</returns>
    private async Task<bool> TellStateAsync(ChannelName channel, Told told, CancellationToken cancellationToken)
    {
        var state = states?.Find(channel) ?? new ChannelState("offline", null, null);
        var data = new ChannelStateData(
            state.State, state.Session?.Value, state.StartedAt, [.. state.Inputs.Select(i => new ChannelInputData(i.Role == InputRole.Backup ? "backup" : "primary", i.State, i.OnAir, i.Since))]);
        var text = string.Join('|', data.Inputs.Select(i => string.Create(CultureInfo.InvariantCulture, $"{i.Role} {i.State} {i.OnAir} {i.Since:O}")).Prepend($"{data.State} {data.Session}"));
        if (text != told.State)
        {
            await AddAsync(EventStreamTypes.ChannelState, channel, data, cancellationToken);
            told.State = text;
        }

        // One that has ended is offline once its last session is forgotten.
        return state.State is "offline";
    }

    private async Task TellHealthAsync(ChannelName channel, Told told, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var issues = (health?.Find(channel) ?? []).SelectMany(r => r.Findings
                .Where(f => f.Severity >= FindingSeverity.Warning && now - f.Since >= ChannelWatch.WrongFor)
                .Select(f => new HealthIssueData(r.Session.Value, r.Publication, f.Code, f.Severity == FindingSeverity.Error ? "error" : "warning", f.Advice, f.Since)))
            .ToList();
        var text = string.Join('|', issues.Select(i => $"{i.Publication} {i.Code} {i.Severity}"));
        if (text != told.Health)
        {
            await AddAsync(EventStreamTypes.ChannelHealth, channel, new ChannelHealthData(issues), cancellationToken);
            told.Health = text;
        }
    }

    private async Task AddAsync(string type, ChannelName channel, object data, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await EventStreamLog.AddAsync(connection, time.GetUtcNow(), type, channel.Value, data, cancellationToken);
    }

    /// <summary>What was told of a channel last; <see langword="null"/> where that is not known.</summary>
    private sealed class Told
    {
        public string? State { get; set; }

        public string? Health { get; set; }
    }
}
