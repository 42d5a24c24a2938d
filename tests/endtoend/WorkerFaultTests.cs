using System.Globalization;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// Crashes and hangs of the encoding process on a channel with a ladder (rows F23 and F24 of the edge cases): every rendition is read over
/// HTTP and decoded.
/// </summary>
[Collection(nameof(SmallLadders))]
[LongRunning]
public sealed class WorkerFaultTests : IDisposable
{
    private static readonly TestSource Usual = new() { FrameRate = 25, KeyframeSeconds = 1 };

    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Rungs_of_a_dead_or_hung_worker_continue_in_the_same_playlists_F23_F24()
    {
        var pids = _folder.Sub("pids");
        await using var server = await StartAsync($"case \"$*\" in *pipe:3*) echo \"$$\" >> {pids};; esac; exec ffmpeg \"$@\"");
        var source = await ScriptedEncoder.MakeAsync(Usual with { Seconds = 14 });
        var running = new List<Task>();
        foreach (var name in (string[])["dies", "hangs"])
        {
            var channel = await server.AddChannelAsync(name, new { ladder = "auto", reconnectWindowSeconds = 0 });
            running.Add(ScriptedEncoder.SendAsync(server.PublishUrl(channel), source));
            await Poll.UntilAsync(() => File.Exists(pids) && File.ReadAllLines(pids).Length == running.Count,
                description: "its worker runs");
        }

        await HlsView.WaitAsync(server, "hangs", v => v.Segments.Count >= 1, "a segment of both", "240p");
        var workers = await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("kill", ["-KILL", workers[0]])).EnsureSuccess();
        (await ChildProcess.RunAsync("kill", ["-STOP", workers[1]])).EnsureSuccess();
        await Task.WhenAll(running);

        foreach (var name in (string[])["dies", "hangs"])
        {
            // The replacement uses a faster preset with different parameters, marked by a discontinuity.
            var view = await LadderView.ReadAsync(server, name, "240p");
            (view with { Rungs = new Dictionary<string, DecodedRendition>() }).ShouldBeWhole(view.Source.Discontinuities.Count());
            view.Source.Discontinuities.Count().ShouldBeLessThan(2);
            ShouldBeInTimeAgain(view, view.Rungs["240p"], mostGaps: name == "dies" ? 1 : 2);
        }

        (await server.MetricAsync("broadcast_encoder_exits_total")).ShouldBeGreaterThan(0);
        (await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken)).Length
            .ShouldBeGreaterThan(3, "each is followed by another");
    }

    [Fact]
    public async Task Slow_worker_drops_large_rungs_and_a_crashing_rung_is_dropped_alone_F25_F26()
    {
        await using var server = await StartAsync(
            "case \"$*\" in *scale=256:144*) exec ffmpeg -readrate 0.5 \"$@\";; *scale=320:180*) exit 3;; esac; exec ffmpeg \"$@\"");
        var source = await ScriptedEncoder.MakeAsync(Usual with { Seconds = 26 });
        var channels = new[] { ("slow", "256x144@200k,160x90@100k"), ("dies", "320x180@200k,192x108@100k") };
        await Task.WhenAll(channels.Select(async c =>
        {
            var channel = await server.AddChannelAsync(c.Item1, new { ladder = c.Item2, reconnectWindowSeconds = 0 });
            await ScriptedEncoder.SendAsync(server.PublishUrl(channel), source);
        }));

        // The small rung has every frame; the large one remains listed as a gap.
        var dies = await LadderView.ReadAsync(server, "dies", "192x108");
        (dies with { Rungs = new Dictionary<string, DecodedRendition>() }).ShouldBeWhole(dies.Source.Discontinuities.Count());
        ShouldBeInTimeAgain(dies, dies.Rungs["192x108"], mostGaps: 2);

        // The latest encoded media are as new as the source: half of the small rung's frames, nothing of the large rung.
        var slow = await LadderView.ReadAsync(server, "slow", "160x90");
        (slow with { Rungs = new Dictionary<string, DecodedRendition>() }).ShouldBeWhole(slow.Source.Discontinuities.Count());
        var small = slow.Rungs["160x90"];
        small.View.Last.ShouldBe(slow.Source.View.Last);
        small.Segments.Last().Number.ShouldBe(slow.Source.View.Last, small.Notified);
        small.Runs.ShouldAllBe(r => r.Complaints.Length == 0, string.Concat(small.Runs.Select(r => r.Complaints)));
        foreach (var segment in small.Segments.TakeLast(3).SkipLast(1))
        {
            var original = slow.Source.Segments.Single(s => s.Number == segment.Number).Samples;
            segment.Samples.Where(s => s.IsSync).ShouldBe(original.Where(s => s.IsSync), small.Notified);
            segment.Samples.Count.ShouldBeInRange(original.Count / 2, original.Count, small.Notified);
        }

        foreach (var (name, large) in new[] { ("slow", "256x144"), ("dies", "320x180") })
        {
            var view = await HlsView.ReadAsync(server, name, large);
            (view is null || view.Segments.TakeLast(3).SkipLast(1).All(s => s.Gap)).ShouldBeTrue($"{name} {large}");
        }
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Checks that the rung's playlist continued, that all its media decode, and that its newest segments have every frame of the source.
    /// </summary>
    private static void ShouldBeInTimeAgain(LadderView view, DecodedRendition rung, int mostGaps)
    {
        rung.View.Last.ShouldBe(view.Source.View.Last);
        rung.Gaps.Count().ShouldBeLessThanOrEqualTo(mostGaps, rung.Notified);
        rung.Runs.ShouldAllBe(r => r.Complaints.Length == 0, string.Concat(rung.Runs.Select(r => r.Complaints)));
        rung.Segments.Last().Number.ShouldBe(view.Source.View.Last, rung.Notified);
        foreach (var segment in rung.Segments.TakeLast(3).SkipLast(1))
        {
            var original = view.Source.Segments.Single(s => s.Number == segment.Number).Samples;
            segment.Samples.ShouldBe(original, rung.Notified);
        }
    }

    /// <summary>A server whose ffmpeg is a script.</summary>
    private async Task<BroadcastServer> StartAsync(string script)
    {
        var program = _folder.Sub("ffmpeg");
        await File.WriteAllTextAsync(program, string.Create(CultureInfo.InvariantCulture, $"#!/bin/sh\n{script}\n"));
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        return await BroadcastServer.StartAsync(environment: new Dictionary<string,
            string?> { ["BROADCAST__Encoding__Ffmpeg"] = program, ["BROADCAST__Encoding__Encoder"] = "x264" });
    }
}
