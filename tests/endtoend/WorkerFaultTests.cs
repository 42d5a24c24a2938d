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
        // The size of its rung tells which channel a worker belongs to.
        var channels = new[]
        {
            (Name: "dies", Rung: "256x144", Signal: "-KILL", MaxGaps: 1),
            (Name: "hangs", Rung: "320x180", Signal: "-STOP", MaxGaps: 2),
        };
        await using var server = await StartAsync(
            $"case \"$*\" in *scale=256:144*) echo $$ >> {PidsOf("dies")};; *scale=320:180*) echo $$ >> {PidsOf("hangs")};; esac; exec ffmpeg \"$@\"");
        var source = await ScriptedEncoder.MakeAsync(Usual with { Seconds = 14 });
        await Task.WhenAll(channels.Select(async c =>
        {
            var channel = await server.AddChannelAsync(c.Name, new { ladder = $"{c.Rung}@200k", reconnectWindowSeconds = 0 });
            var sending = ScriptedEncoder.SendAsync(server.PublishUrl(channel), source);
            await HlsView.WaitAsync(server, c.Name, v => v.Segments.Count >= 1, "a segment of the rung", c.Rung);
            (await ChildProcess.RunAsync("kill", [c.Signal, (await ReadPidsAsync(c.Name))[^1]])).EnsureSuccess();
            await sending;
        }));

        foreach (var c in channels)
        {
            // The replacement uses a faster preset with different parameters, marked by a discontinuity.
            var view = await LadderView.ReadAsync(server, c.Name, c.Rung);
            (view with { Rungs = new Dictionary<string, DecodedRendition>() }).ShouldBeWhole(view.Source.Discontinuities.Count());
            view.Source.Discontinuities.Count().ShouldBeLessThan(2);
            ShouldBeInTimeAgain(view, view.Rungs[c.Rung], c.MaxGaps);
            (await ReadPidsAsync(c.Name)).Length.ShouldBeGreaterThan(1, "another worker follows");
        }

        (await server.MetricAsync("broadcast_encoder_exits_total")).ShouldBeGreaterThan(0);
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

    /// <summary>File with the process IDs of a channel's workers, one per line.</summary>
    private string PidsOf(string channel) => _folder.Sub($"pids-{channel}");

    private Task<string[]> ReadPidsAsync(string channel) =>
        File.ReadAllLinesAsync(PidsOf(channel), TestContext.Current.CancellationToken);

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
