using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broadcast.Control;
using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Publisher;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>
/// Time to authorize encoders that arrive at a constant rate: by the control module in this process, with its database and during a
/// database outage; and over RTMP by a complete server. Each encoder uses the key of a free channel, stays briefly and disconnects.
/// </summary>
internal static class AuthorizationBenchmark
{
    private const double MostFailures = 0.01;

    /// <summary>Connections of the control module; PostgreSQL allows a hundred.</summary>
    private const int Connections = 40;

    private static readonly TimeSpan Stay = TimeSpan.FromMilliseconds(250);
    private static readonly string[] Columns = ["p50", "p99", "maximum", "p99 from asking", "rejected"];

    /// <summary>Runs the benchmark.</summary>
    public static async Task RunAsync(ControlPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var report = new Report("Publish, encoders arriving at a constant rate",
            "milliseconds from when an encoder was due; the last column counts", Columns);
        reports.Add(report);
        await AskAsync(plan, Path.Combine(shared, "publish"), report, progress);
        await ConnectAsync(plan, Path.Combine(shared, "handshakes"), report, progress);
    }

    /// <summary>Measures the authorization by the control module.</summary>
    private static async Task AskAsync(ControlPlan plan, string folder, Report report, Action<string> progress)
    {
        await using var postgres = await BenchPostgres.StartAsync(folder);
        var keys = await KeysAsync(postgres.Store, plan.Rate);
        await using var app = Build(postgres.ConnectionString("control", Connections), folder);
        await app.StartAsync();
        var authority = app.Services.GetRequiredService<IPublishAuthorizer>();
        Add(report, $"control module, {plan.Rate} per second", await SteadyArrivals.RunAsync(plan.Rate, plan.Coming, ComeAsync), progress);
        await postgres.StopAsync();
        Add(report, $"the same, database unavailable, {plan.Rate} per second",
            await SteadyArrivals.RunAsync(plan.Rate, plan.Coming, ComeAsync), progress);
        await postgres.StartAgainAsync();
        await app.StopAsync();

        async Task<Func<Task>> ComeAsync(int number)
        {
            var remote = new IPEndPoint(new IPAddress(new byte[] { 192, 0, 2, (byte)(number % 250) }), 1024 + (number % 60_000));
            return await authority.AuthorizeAsync(new PublishRequest(keys[number % keys.Count], remote, "bench"),
                CancellationToken.None) switch
            {
                PublishDecision.Granted { Grant: var grant } => async () =>
                {
                    await Task.Delay(Stay, TimeProvider.System);
                    await authority.ReportEndAsync(grant, "closed", CancellationToken.None);
                },
                PublishDecision.Rejected refused => throw new ArrivalRefusedException(refused.Reason.ToString()),
                var other => throw new InvalidOperationException($"Unknown response: {other}"),
            };
        }
    }

    /// <summary>Measures the time from connecting to the accepted publication.</summary>
    private static async Task ConnectAsync(ControlPlan plan, string folder, Report report, Action<string> progress)
    {
        await using var server = await BroadcastUnderTest.StartAsync(folder);
        var targets = await server.TargetsAsync(plan.Handshakes);
        Add(report, $"server over RTMP, including connecting, {plan.Handshakes} per second",
            await SteadyArrivals.RunAsync(plan.Handshakes, plan.Coming, ComeAsync), progress);

        async Task<Func<Task>> ComeAsync(int number)
        {
            try
            {
                var publisher = await RtmpPublisher.ConnectAsync(targets[number % targets.Count]);
                return () => LeaveAsync(publisher);
            }
            catch (Exception e) when (e is IOException or SocketException or RtmpPublishException)
            {
                throw new ArrivalRefusedException(e.Message, e);
            }
        }
    }

    private static async Task LeaveAsync(RtmpPublisher publisher)
    {
        await using (publisher)
        {
            await Task.Delay(Stay, TimeProvider.System);
            try
            {
                await publisher.CloseAsync();
            }
            catch (Exception e) when (e is IOException or SocketException or RtmpPublishException)
            {
                // The publication was accepted; only that is measured.
            }
        }
    }

    private static void Add(Report report, string row, ArrivalFigures figures, Action<string> progress)
    {
        progress($"{row}: {figures}");
        if (figures.Failed > figures.FromDue.Count * MostFailures)
        {
            report.Add(row, (double?)null, null, null, null, figures.Failed);
            report.CouldNot(row, Columns[0],
                string.Create(CultureInfo.InvariantCulture,
                    $"{figures.Failed} of {figures.Failed + figures.FromDue.Count} were rejected ({figures.Failures.MaxBy(f => f.Value).Key})"));
            return;
        }

        report.Add(
            row, Sample.Median(figures.FromDue), Sample.Percentile(figures.FromDue, 0.99), figures.FromDue.Max(),
            Sample.Percentile(figures.FromAsked, 0.99), figures.Failed);
    }

    /// <summary>Creates enough channels that each is free again when its next encoder arrives.</summary>
    private static async Task<List<string>> KeysAsync(ServerDatabase store, int count)
    {
        var (channels, keys) = (new ChannelRepository(store, TimeProvider.System), new List<string>());
        for (var i = 0; i < count; i++)
        {
            keys.Add((await channels.CreateAsync($"bench-{i}", new ChannelSettings { Record = false })).Key.StreamKey);
        }

        return keys;
    }

    /// <summary>The control module configured as in the server, without the rest of the server and without a log.</summary>
    private static WebApplication Build(string connectionString, string folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Database:ConnectionString", (string?)connectionString)]);
        builder.Services.AddSingleton(new DataFolder(folder));
        builder.Services.AddSingleton<ISessionLifecycle, NoMedia>();
        builder.Services.AddControl(builder.Configuration);
        return builder.Build();
    }

    /// <summary>Session lifecycle without media or effects.</summary>
    private sealed class NoMedia : ISessionLifecycle
    {
        public ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;

        public ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;
    }
}
