using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>CPU time per delivered message, next to Prosody's MUC over WebSocket with the same numbers of readers and messages.</summary>
internal static class MessageCost
{
    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ChatPlan plan, string shared, SourceFile source, List<Report> reports, Action<string> progress)
    {
        List<Figures> ours = [], theirs = [];
        for (var round = 1; round <= plan.Rounds; round++)
        {
            ours.Add(await OursAsync(plan, shared, source));
            progress($"cost, round {round} of {plan.Rounds}: Broadcast: {ours[^1]}");
            theirs.Add(await TheirsAsync(plan));
            progress($"cost, round {round} of {plan.Rounds}: Prosody: {theirs[^1]}");
        }

        var report = new Report(
            string.Create(CultureInfo.InvariantCulture, $"Cost of a delivered message, {plan.Peers} readers, {plan.Rate} messages per second"),
            "microseconds of CPU; seconds", ["server", "PostgreSQL", "Varnish", "together", "p50, s", "p99, s"]);
        report.Add("Broadcast", Cells(ours, isOurs: true));
        report.Add("Prosody", Cells(theirs, isOurs: false));
        var (together, peer) = (Sample.Median(ours.Select(f => f.Together)), Sample.Median(theirs.Select(f => f.Together)));
        report.Note(string.Create(CultureInfo.InvariantCulture,
            $"Broadcast's server and PostgreSQL cost {Sample.Median(ours.Select(f => f.Server + f.Database)) / peer:0.00} times as much as Prosody, with Varnish {together / peer:0.00} times."));
        reports.Add(report);
    }

    private static double?[] Cells(List<Figures> rounds, bool isOurs)
    {
        double Of(Func<Figures, double> figure) => Sample.Median(rounds.Select(figure));
        return [Of(f => f.Server), isOurs ? Of(f => f.Database) : null, isOurs ? Of(f => f.Varnish) : null, Of(f => f.Together),
            Of(f => f.Load.Median), Of(f => f.Load.P99)];
    }

    private static async Task<Figures> OursAsync(ChatPlan plan, string shared, SourceFile source)
    {
        await using var chat = await ChatUnderTest.StartAsync(shared, source);

        // With readers first, so that the media path and the chat are compiled when the server is measured without them.
        var (figures, busy) = await BusyAsync(plan, chat);
        await Task.Delay(plan.WarmUp, TimeProvider.System);
        var idle = await CpuAsync(plan, chat);
        return new(figures, [.. busy.Zip(idle, (with, without) => with - without)]);
    }

    private static async Task<(ChatLoadFigures Figures, double[] Cpu)> BusyAsync(ChatPlan plan, ChatUnderTest chat)
    {
        await using var load = await ChatLoad.StartAsync(ChatLoad.Batches, chat.Edge.Http, ChatUnderTest.Channel, plan.Peers, plan.Rate);
        await Task.Delay(plan.WarmUp, TimeProvider.System);
        await ChatLoad.BeginAsync(load);
        var cpu = await CpuAsync(plan, chat);
        return (await ChatLoad.EndAsync(load), cpu);
    }

    /// <summary>Measures server, PostgreSQL and Varnish.</summary>
    private static async Task<double[]> CpuAsync(ChatPlan plan, ChatUnderTest chat)
    {
        ProcessMeter server = new(chat.Server.Process.Id), varnish = new(chat.Edge.Processes);
        var database = new DatabaseMeter(chat.Postmaster);
        await Task.Delay(plan.Measured, TimeProvider.System);
        return [server.CpuSeconds, database.CpuSeconds, varnish.CpuSeconds];
    }

    private static async Task<Figures> TheirsAsync(ChatPlan plan)
    {
        await using var prosody = await Prosody.StartAsync();
        await using var load = await ChatLoad.StartAsync(ChatLoad.Xmpp, prosody.WebSocket, Prosody.Room, plan.Peers, plan.Rate);
        await Task.Delay(plan.WarmUp, TimeProvider.System);
        var server = new ProcessMeter(prosody.Process);
        await ChatLoad.BeginAsync(load);
        await Task.Delay(plan.Measured, TimeProvider.System);
        var busy = server.CpuSeconds;
        return new(await ChatLoad.EndAsync(load), [busy, 0, 0]);
    }

    /// <summary>Figures of a round.</summary>
    /// <param name="Load">Figures of the load generator.</param>
    /// <param name="Cpu">CPU seconds of server, PostgreSQL and Varnish, without those of the same time without readers.</param>
    private sealed record Figures(ChatLoadFigures Load, double[] Cpu)
    {
        public double Server => PerMessage(Cpu[0]);

        public double Database => PerMessage(Cpu[1]);

        public double Varnish => PerMessage(Cpu[2]);

        public double Together => PerMessage(Cpu.Sum());

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{Load.Received} deliveries of {Load.Sent} messages, µs each: server {Server:0.0}, PostgreSQL {Database:0.0}, Varnish {Varnish:0.0}, ")
            + string.Create(CultureInfo.InvariantCulture, $"p50 {Load.Median:0.00} s, p99 {Load.P99:0.00} s, {Load.Errors} errors");

        private double PerMessage(double seconds) => seconds * 1e6 / Load.Received;
    }
}
