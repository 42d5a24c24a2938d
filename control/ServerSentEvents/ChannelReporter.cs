using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>State of a channel: payload of <see cref="EventStreamTypes.ChannelState"/>.</summary>
/// <param name="State">See <see cref="ChannelRunStates"/>.</param>
/// <param name="Session">Session that the channel's URLs serve, if any.</param>
/// <param name="StartedAt">Start of that session.</param>
/// <param name="Inputs">Publishing encoders, the primary first.</param>
internal sealed record ChannelStateData(string State, string? Session, DateTimeOffset? StartedAt, IReadOnlyList<ChannelInputData> Inputs);

/// <summary>One publishing encoder.</summary>
/// <param name="Role"><c>primary</c> or <c>backup</c>.</param>
/// <param name="State">Name of the <see cref="ChannelInput.State"/>.</param>
/// <param name="OnAir">Whether viewers get this input.</param>
/// <param name="Since">Time at which its media began.</param>
internal sealed record ChannelInputData(string Role, string State, bool OnAir, DateTimeOffset Since);

/// <summary>Health issues of a channel: payload of <see cref="EventStreamTypes.ChannelHealth"/>.</summary>
/// <param name="Issues">All issues that have lasted for <see cref="ChannelMonitor.IssueThreshold"/>; empty when there are none.</param>
internal sealed record ChannelHealthData(IReadOnlyList<HealthIssueData> Issues);

/// <summary>
/// Checks the channels in use once a second and adds changed states to the event stream. Each message is complete, so that a client that
/// missed some needs only the latest. Runs in the process that serves the media, and also covers channels that an earlier process left in a
/// state.
/// </summary>
internal sealed class ChannelReporter(
    ServerDatabase database, SessionManager sessionManager,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, TimeProvider mediaTime, ILogger<ChannelReporter> logger,
    IChannelRuntimeStates? states = null, ISourceHealth? health = null, RemoteSessions? remoteSessions = null) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Dictionary<ChannelName, LastReport> _lastReports = [];
    private bool _hasLoaded;

    /// <summary>Checks all channels once.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (!_hasLoaded)
        {
            await LoadAsync(cancellationToken);
            _hasLoaded = true;
        }

        var open = sessionManager.OpenSessions().Select(s => s.Channel).ToHashSet();
        foreach (var channel in open.Union(_lastReports.Keys).ToList())
        {
            if (!open.Contains(channel) && remoteSessions?.Has(channel) == true)
            {
                _lastReports.Remove(channel);   // the server that has it on air reports it; this one may mirror it
                continue;
            }

            if (!_lastReports.TryGetValue(channel, out var lastReport))
            {
                _lastReports.Add(channel, lastReport = new() { Health = "" });
            }

            var isOff = await ReportStateAsync(channel, lastReport, cancellationToken);
            await ReportHealthAsync(channel, lastReport, cancellationToken);
            if (isOff && lastReport.Health is "" && !open.Contains(channel))
            {
                _lastReports.Remove(channel);
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (states is null)
        {
            return;   // another process serves the media
        }

        using var loop = new WorkLoop(time);
        await loop.RunAsync(
            async cancellationToken =>
            {
                await CheckAsync(cancellationToken);
                return Interval;
            },
            Interval, e => ControlLog.ReportFailed(logger, e), stoppingToken);
    }

    /// <summary>
    /// Loads channels that an earlier process last reported as on air, because they may be off now. Channels on air at another server are
    /// reported by that server.
    /// </summary>
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            """
            SELECT DISTINCT e.channel FROM stream_events e JOIN channels c ON c.id = e.channel_id AND c.deleted_at IS NULL
            WHERE e.type = @state AND NOT EXISTS (SELECT 1 FROM stream_events n WHERE n.type = e.type AND n.channel_id = e.channel_id
                AND n.id > e.id)
                AND e.body::json -> 'data' ->> 'state' <> 'offline'
            """,
            new { state = EventStreamTypes.ChannelState },
            cancellationToken: cancellationToken));
        foreach (var name in names.Select(ChannelName.Parse).Where(name => remoteSessions?.Has(name) != true))
        {
            _lastReports.TryAdd(name, new());
        }
    }

    /// <returns>Whether the channel is off.</returns>
    private async Task<bool> ReportStateAsync(ChannelName channel, LastReport lastReport, CancellationToken cancellationToken)
    {
        var state = states?.Find(channel) ?? new ChannelRuntimeState(ChannelRunState.Offline, null, null);
        var data = new ChannelStateData(
            ChannelRunStates.Name(state.State), state.Session?.Value, state.StartedAt,
            [.. state.Inputs
                .Select(i => new ChannelInputData(i.Role == InputRole.Backup ? "backup" : "primary", ChannelInputStates.Name(i.State),
                    i.OnAir, i.Since))]);
        var text =
            string.Join('|', data.Inputs.Select(i => string.Create(CultureInfo.InvariantCulture,
                $"{i.Role} {i.State} {i.OnAir} {i.Since:O}")).Prepend($"{data.State} {data.Session}"));
        if (text != lastReport.State)
        {
            await AddAsync(EventStreamTypes.ChannelState, channel, data, cancellationToken);
            lastReport.State = text;
        }

        // An ended channel becomes offline when its last session is removed.
        return state.State == ChannelRunState.Offline;
    }

    private async Task ReportHealthAsync(ChannelName channel, LastReport lastReport, CancellationToken cancellationToken)
    {
        var now = mediaTime.GetUtcNow();   // the clock by which issues state their beginning
        var issues = (health?.Find(channel) ?? []).SelectMany(r => r.Issues
                .Where(f => f.Severity >= IssueSeverity.Warning && now - f.Since >= ChannelMonitor.IssueThreshold)
                .Select(f => new HealthIssueData(r.Session.Value, r.Publication, f.Code,
                    f.Severity == IssueSeverity.Error ? "error" : "warning", f.Advice, f.Since)))
            .ToList();
        var text = string.Join('|', issues.Select(i => $"{i.Publication} {i.Code} {i.Severity}"));
        if (text != lastReport.Health)
        {
            await AddAsync(EventStreamTypes.ChannelHealth, channel, new ChannelHealthData(issues), cancellationToken);
            lastReport.Health = text;
        }
    }

    private async Task AddAsync(string type, ChannelName channel, object data, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await EventStreamLog.AddAsync(connection, time.GetUtcNow(), type, channel.Value, data, cancellationToken);
    }

    /// <summary>Last report of a channel; members are <see langword="null"/> when unknown.</summary>
    private sealed class LastReport
    {
        public string? State { get; set; }

        public string? Health { get; set; }
    }
}
