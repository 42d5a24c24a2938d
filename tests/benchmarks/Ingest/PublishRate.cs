using System.Globalization;
using System.Net.Sockets;
using Broadcast.Publisher;

namespace Broadcast.Benchmarks;

/// <summary>
/// Number of concurrent encoders that can publish and disconnect per second, and the time until a single encoder is accepted.
/// </summary>
internal static class PublishRate
{
    private const double LeastPerSecond = 3000;
    private const double MostMilliseconds = 2;
    private const int OneAtATime = 60;
    private const double MostFailures = 0.01;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures the server, its ingest module alone, and nginx-rtmp.</summary>
    public static async Task RunAsync(IngestPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        string[] rate = ["per second"], cost = ["server", "load generator"], time = ["median", "maximum"];
        var rates = new Report(string.Create(CultureInfo.InvariantCulture, $"Publish and close, {plan.AtOnce} concurrent encoders"),
            "publications per second", rate);
        var costs = new Report("Publish and close", "milliseconds of CPU time each", cost);
        var times = new Report("Connect to publish accepted, one at a time", "milliseconds", time);
        reports.AddRange([rates, costs, times]);
        await AddAsync(true, async () => await BroadcastUnderTest.StartAsync(Path.Combine(shared, "broadcast")));
        await AddAsync(true, async () => await IngestOnlyServer.StartAsync());
        await AddAsync(false, async () => await NginxRtmp.StartAsync(shared, NginxOutput.None));

        async Task AddAsync(bool isOurs, Func<Task<IServerUnderTest>> start)
        {
            var all = new Rounds<PublishFigures>();
            var name = "";
            for (var round = 1; round <= plan.Rounds; round++)
            {
                await using var server = await start();
                name = server.Name;
                var targets = await server.TargetsAsync(plan.AtOnce);
                var accepted = await StartBenchmark.AcceptAsync(targets[0], OneAtATime);
                var figures = await ComeAndGoAsync(server, targets, plan.Measured < Longest ? plan.Measured : Longest);
                figures = figures with { AcceptMedian = Sample.Median(accepted), AcceptLargest = accepted.Max() };
                all.Add(figures, figures.Problem);
                progress($"publish and close, round {round} of {plan.Rounds}: {name} {figures}");
            }

            var perSecond = all.Median(f => f.PerSecond);
            rates.Add(name, isOurs ? Aim.AtLeast(LeastPerSecond, perSecond) : Aim.None, perSecond);
            all.Explain(rates, name, rate[0]);
            costs.Add(name, Aim.None, all.Median(f => f.ServerMilliseconds), all.Median(f => f.ClientMilliseconds));
            all.Explain(costs, name, cost[0]);

            // The sequential measurement before succeeded, since an error would have ended the run.
            var median = all.MedianAnyway(f => f.AcceptMedian);
            times.Add(name, isOurs ? Aim.Under(MostMilliseconds, median).For("median") : Aim.None, median,
                all.MedianAnyway(f => f.AcceptLargest));
        }
    }

    private sealed record PublishFigures(double PerSecond, double ServerMilliseconds, double ClientMilliseconds, string? Problem)
    {
        public double AcceptMedian { get; init; }

        public double AcceptLargest { get; init; }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Problem ?? $"{PerSecond:0} per second, {ServerMilliseconds:0.00} ms of server CPU each, {ClientMilliseconds:0.00} of the load generator"}; accepted in {AcceptMedian:0.0} ms one at a time");
    }

    private static async Task<PublishFigures> ComeAndGoAsync(IServerUnderTest server, IReadOnlyList<RtmpTarget> targets, TimeSpan measured)
    {
        using var stop = new CancellationTokenSource();
        var tally = new Tally();
        var encoders = targets.Select(t => Task.Run(() => ComeAndGoAsync(t, tally, stop.Token))).ToList();
        await Task.Delay(WarmUp);
        var (done, failed) = (tally.Done, tally.Failed);
        var (theirs, ours) = (new ProcessMeter(server.Processes), new ProcessMeter(Environment.ProcessId));
        await Task.Delay(measured);
        (done, failed) = (tally.Done - done, tally.Failed - failed);
        var (serverCpu, clientCpu, wall) = (theirs.CpuSeconds, ours.CpuSeconds, theirs.WallSeconds);
        await stop.CancelAsync();
        await Task.WhenAll(encoders);
        var problem = done == 0 || failed > done * MostFailures
            ? string.Create(CultureInfo.InvariantCulture,
                $"{failed:#,0} of {done + failed:#,0} publications failed ({tally.FirstError ?? "none was accepted"})")
            : null;
        return new PublishFigures(done / wall, serverCpu * 1000 / Math.Max(done, 1), clientCpu * 1000 / Math.Max(done, 1), problem);
    }

    private static async Task ComeAndGoAsync(RtmpTarget target, Tally tally, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var publisher = await RtmpPublisher.ConnectAsync(target, cancellationToken: stopping);
                await publisher.CloseAsync(stopping);
                tally.Succeeded();
            }
            catch (Exception e) when (e is IOException or SocketException or RtmpPublishException or OperationCanceledException)
            {
                if (!stopping.IsCancellationRequested)
                {
                    tally.Fail(e.Message);
                    await Task.Delay(Breath, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>Results of all encoders together.</summary>
    private sealed class Tally
    {
        private long _done;
        private long _failed;
        private string? _firstError;

        public long Done => Interlocked.Read(ref _done);

        public long Failed => Interlocked.Read(ref _failed);

        public string? FirstError => _firstError;

        public void Succeeded() => Interlocked.Increment(ref _done);

        public void Fail(string error)
        {
            Interlocked.Increment(ref _failed);
            Interlocked.CompareExchange(ref _firstError, error, null);
        }
    }
}
