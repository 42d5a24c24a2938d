using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Time from sending a message until readers behind Varnish have received and parsed it, with the requests, CPU time and traffic that their
/// number causes.
/// </summary>
internal static class ShownMessages
{
    private const double DelayAim = 2.5;

    /// <summary>Requests at the origin with the most readers, compared with the fewest.</summary>
    private const double RequestsAim = 1.5;

    /// <summary>Share of the machine's processor cores from which on figures are those of the machine.</summary>
    private const double BusyShare = 0.9;

    private const double SecondsPerHour = 3600;

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ChatPlan plan, string shared, SourceFile source, List<Report> reports, Action<string> progress)
    {
        Dictionary<int, List<Figures>> rounds = plan.Readers.ToDictionary(readers => readers, _ => new List<Figures>());
        for (var round = 1; round <= plan.Rounds; round++)
        {
            // A new server and cache for each round.
            await using var chat = await ChatUnderTest.StartAsync(shared, source);
            foreach (var readers in plan.Readers)
            {
                rounds[readers].Add(await MeasureAsync(plan, chat, readers));
                progress($"shown, round {round} of {plan.Rounds}, {Name(readers)}: {rounds[readers][^1]}");
            }
        }

        Render(plan, source, rounds, reports);
    }

    private static void Render(ChatPlan plan, SourceFile source, Dictionary<int, List<Figures>> rounds, List<Report> reports)
    {
        var delays = new Report(
            string.Create(CultureInfo.InvariantCulture, $"From sending a message to its readers behind Varnish, {plan.Rate} per second"),
            "seconds", ["p50", "p99", "maximum", "not received, percent"]);
        var requests = new Report("Requests of readers", "per second", ["at Varnish", "at the origin", "failed, in all rounds"]);
        var cpu = new Report("CPU time with readers", "processor cores",
            ["server", "PostgreSQL", "Varnish", "readers and writers", "all of the machine"]);
        var bytes = new Report("Traffic of a reader", "MB per hour", ["chat", "video and audio", "percent of these"]);
        var video = source.BytesPerSecond * SecondsPerHour / 1e6;
        var fewest = Of(plan.Readers[0], f => f.Origin);
        foreach (var readers in plan.Readers)
        {
            var (p99, origin, received) = (Of(readers, f => f.Load.P99), Of(readers, f => f.Origin), Of(readers, f => f.MegabytesPerHour));
            delays.Add(Name(readers), Aim.AtMost(DelayAim, p99).For("p99"), Of(readers, f => f.Load.Median), p99,
                rounds[readers].Max(f => f.Load.Longest), Of(readers, f => f.MissingPercent));
            requests.Add(Name(readers), readers == plan.Readers[0] ? Aim.None
                : Aim.AtMost(Math.Round(fewest * RequestsAim, 1), origin).For("at the origin"), Of(readers, f => f.Edge), origin,
                rounds[readers].Sum(f => f.Load.Errors));
            cpu.Add(Name(readers), Of(readers, f => f.Server), Of(readers, f => f.Database), Of(readers, f => f.Varnish),
                Of(readers, f => f.LoadCores), Of(readers, f => f.Machine));
            bytes.Add(Name(readers), received, video, received * 100 / video);
            if (Of(readers, f => f.Machine) > BusyShare * Environment.ProcessorCount)
            {
                delays.Note(string.Create(CultureInfo.InvariantCulture,
                    $"{Name(readers)}: the machine limits these figures. {Of(readers, f => f.Machine):0.00} of its {Environment.ProcessorCount} cores were busy, ")
                    + string.Create(CultureInfo.InvariantCulture,
                        $"{Of(readers, f => f.LoadCores):0.00} with the readers and writers themselves and {Of(readers, f => f.Other):0.00} with processes that are not part of the benchmark, the encoder and the kernel."));
            }
        }

        reports.AddRange([delays, requests, cpu, bytes]);

        double Of(int readers, Func<Figures, double> figure) => Sample.Median(rounds[readers].Select(figure));
    }

    private static async Task<Figures> MeasureAsync(ChatPlan plan, ChatUnderTest chat, int readers)
    {
        await using var load = await ChatLoad.StartAsync(ChatLoad.Batches, chat.Edge.Http, ChatUnderTest.Channel, readers, plan.Rate);
        await Task.Delay(plan.WarmUp, TimeProvider.System);
        var before = await chat.Edge.OriginRequestsAsync();
        ProcessMeter server = new(chat.Server.Process.Id), varnish = new(chat.Edge.Processes), clients = new(load.Id);
        var (database, machine) = (new DatabaseMeter(chat.Postmaster), new MachineMeter());
        await ChatLoad.BeginAsync(load);
        await Task.Delay(plan.Measured, TimeProvider.System);
        var seconds = server.WallSeconds;
        double[] cpu = [server.CpuSeconds, database.CpuSeconds, varnish.CpuSeconds, clients.CpuSeconds, machine.CpuSeconds];
        var after = await chat.Edge.OriginRequestsAsync();
        var figures = await ChatLoad.EndAsync(load);
        double[] cores = [.. cpu.Select(time => time / seconds)];

        // Messages are forwarded to the origin, too: they are not requests of readers.
        return new(figures, readers, figures.Responses / seconds, (after - before - figures.Sent) / seconds,
            cores[0], cores[1], cores[2], cores[3], cores[4], seconds);
    }

    private static string Name(int readers) => string.Create(CultureInfo.InvariantCulture, $"{readers:#,0} readers");

    /// <summary>Figures of a round.</summary>
    /// <param name="Load">Figures of the load generator.</param>
    /// <param name="Readers">Number of readers.</param>
    /// <param name="Edge">Requests of readers per second.</param>
    /// <param name="Origin">Requests at the origin per second, with access checks, without messages.</param>
    /// <param name="Server">CPU time of the server, in cores.</param>
    /// <param name="Database">CPU time of PostgreSQL.</param>
    /// <param name="Varnish">CPU time of Varnish.</param>
    /// <param name="LoadCores">CPU time of readers and writers.</param>
    /// <param name="Machine">CPU time of all processes.</param>
    /// <param name="Seconds">Duration of the measurement.</param>
    private sealed record Figures(ChatLoadFigures Load, int Readers, double Edge, double Origin, double Server, double Database,
        double Varnish, double LoadCores, double Machine, double Seconds)
    {
        /// <summary>CPU time of processes that are not measured one by one.</summary>
        public double Other => Machine - Server - Database - Varnish - LoadCores;

        /// <summary>Share of the deliveries that did not happen.</summary>
        public double MissingPercent => 100 - (Load.Received * 100.0 / (Load.Sent * Readers));

        /// <summary>Received megabytes per hour of one reader.</summary>
        public double MegabytesPerHour => Load.Bytes / Seconds / Readers * SecondsPerHour / 1e6;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"p50 {Load.Median:0.00} s, p99 {Load.P99:0.00} s, at most {Load.Longest:0.00} s, {MissingPercent:0.00} % not received, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"{Edge:0} requests per second at Varnish and {Origin:0.0} at the origin, cores: server {Server:0.00}, PostgreSQL {Database:0.00}, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"Varnish {Varnish:0.00}, load {LoadCores:0.00}, machine {Machine:0.00}; {MegabytesPerHour:0.0} MB per hour, {Load.Errors} errors");
    }
}
