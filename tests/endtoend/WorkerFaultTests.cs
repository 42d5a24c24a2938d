using System.Globalization;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>What players of a channel with a ladder get when the process that encodes dies or hangs (rows F23 and F24 of the edge cases): every rendition is read over HTTP and decoded.</summary>
[Collection(nameof(SmallLadders))]
public sealed class WorkerFaultTests : IDisposable
{
    private static readonly TestSource Usual = new() { FrameRate = 25, KeyframeSeconds = 1 };

    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Rungs_of_a_worker_that_dies_or_hangs_go_on_where_they_were_on_the_same_playlists_F23_F24()
    {
        var pids = _folder.Sub("pids");
        await using var server = await StartAsync($"case \"$*\" in *unix:*) echo \"$$\" >> {pids};; esac; exec ffmpeg \"$@\"");
        var source = await Playout.MakeAsync(Usual with { Seconds = 14 });
        var running = new List<Task>();
        foreach (var name in (string[])["dies", "hangs"])
        {
            var channel = await server.CreateChannelAsync(name, "--ladder", "auto", "--reconnect-window", "0");
            running.Add(Playout.SendAsync(server.PublishUrl(channel), source));
            await Poll.UntilAsync(() => File.Exists(pids) && File.ReadAllLines(pids).Length == running.Count, description: "its worker runs");
        }

        await HlsView.WaitAsync(server, "hangs", v => v.Segments.Count >= 1, "a segment of both", "240p");
        var workers = await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("kill", ["-KILL", workers[0]])).EnsureSuccess();
        (await ChildProcess.RunAsync("kill", ["-STOP", workers[1]])).EnsureSuccess();
        await Task.WhenAll(running);

        foreach (var name in (string[])["dies", "hangs"])
        {
            // Another that encodes faster codes otherwise, and a discontinuity says so.
            var view = await LadderView.ReadAsync(server, name, "240p");
            (view with { Rungs = new Dictionary<string, Watched>() }).ShouldBeWhole(view.Source.Discontinuities.Count());
            view.Source.Discontinuities.Count().ShouldBeLessThan(2);
            ShouldBeInTimeAgain(view, view.Rungs["240p"], mostGaps: name == "dies" ? 1 : 2);
        }

        (await server.MetricAsync("broadcast_encoder_deaths_total")).ShouldBeGreaterThan(0);
        (await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken)).Length.ShouldBeGreaterThan(3, "each is followed by another");
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The rung's playlist went on, all that is in it can be decoded, and its newest segments have every picture of the source.</summary>
    private static void ShouldBeInTimeAgain(LadderView view, Watched rung, int mostGaps)
    {
        rung.View.Last.ShouldBe(view.Source.View.Last);
        rung.Gaps.Count().ShouldBeLessThanOrEqualTo(mostGaps, rung.Told);
        rung.Runs.ShouldAllBe(r => r.Complaints.Length == 0, string.Concat(rung.Runs.Select(r => r.Complaints)));
        rung.Segments.Last().Number.ShouldBe(view.Source.View.Last, rung.Told);
        foreach (var segment in rung.Segments.TakeLast(3).SkipLast(1))
        {
            var original = view.Source.Segments.Single(s => s.Number == segment.Number).Samples;
            segment.Samples.ShouldBe(original, rung.Told);
        }
    }

    /// <summary>A server whose ffmpeg is a script.</summary>
    private async Task<BroadcastServer> StartAsync(string script)
    {
        var program = _folder.Sub("ffmpeg");
        await File.WriteAllTextAsync(program, string.Create(CultureInfo.InvariantCulture, $"#!/bin/sh\n{script}\n"));
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        return await BroadcastServer.StartAsync(environment: new Dictionary<string, string?> { ["BROADCAST__Encoding__Ffmpeg"] = program, ["BROADCAST__Encoding__Encoder"] = "x264" });
    }
}
