using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Tests.Encoders;
using Broadcast.Transcoder.Thumbnails;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Thumbnails;

/// <summary>Thumbnails from a real ffmpeg, and from programs that are not ffmpeg.</summary>
public sealed class ThumbnailWorkerTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly SpriteSheetLayout Layout = new(5, 1, 320, 180);
    private readonly TempFolder _folder = TempFolder.Create();

    [Fact]
    public async Task Sprite_sheet_and_poster_come_from_one_process_with_the_colors_of_the_source()
    {
        var jpegs = await RunAsync("ffmpeg", await ColorsAsync("red", "lime", "blue", "white", "black", "yellow"),
            new ThumbnailCommand(Format, Layout, (640, 360)));

        jpegs.Count.ShouldBe(2);
        var sheet = await DecodeAsync(jpegs[0], 1600, 180);
        (int, int, int)[] colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)];
        for (var tile = 0; tile < colors.Length; tile++)
        {
            Near(sheet, 1600, (tile * 320) + 160, 90, colors[tile]);
        }

        Near(await DecodeAsync(jpegs[1], 640, 360), 640, 320, 180, (255, 255, 0));
    }

    [Fact]
    public async Task Tiles_without_a_frame_repeat_a_neighbor()
    {
        var colors = await ColorsAsync("red", "blue");
        var jpegs = await RunAsync("ffmpeg", [colors[0] with { Second = 1 }, colors[1] with { Second = 3 }],
            new ThumbnailCommand(Format, Layout, null));

        var sheet = await DecodeAsync(jpegs.ShouldHaveSingleItem(), 1600, 180);
        (int, int, int) red = (255, 0, 0), blue = (0, 0, 255);
        for (var tile = 0; tile < 5; tile++)
        {
            Near(sheet, 1600, (tile * 320) + 160, 90, tile < 3 ? red : blue);
        }
    }

    [Fact]
    public async Task Corrupt_frame_costs_only_its_tile()
    {
        var colors = (await ColorsAsync("red", "blue", "red", "red", "red")).ToList();
        var damaged = colors[1].Payload.ToArray();
        Random.Shared.NextBytes(damaged.AsSpan(4));
        colors[1] = colors[1] with { Payload = damaged };
        var jpegs = await RunAsync("ffmpeg", colors, new ThumbnailCommand(Format, Layout, null));

        Near(await DecodeAsync(jpegs.ShouldHaveSingleItem(), 1600, 180), 1600, 1500, 90, (255, 0, 0));
    }

    [Fact]
    public async Task Different_aspect_ratio_is_padded_with_bars()
    {
        var square = Format with { Width = 480, Height = 480 };
        var jpegs = await RunAsync("ffmpeg", await ColorsAsync("white"),
            new ThumbnailCommand(square, new SpriteSheetLayout(1, 1, 320, 180), null));

        var tile = await DecodeAsync(jpegs[0], 320, 180);
        Near(tile, 320, 10, 90, (0, 0, 0));
        Near(tile, 320, 160, 90, (255, 255, 255));
    }

    [Theory]
    [InlineData("exec sleep 1000", "timed out after 2 s")]
    [InlineData("while :; do :; done", "timed out after 2 s")]
    [InlineData("cat >/dev/null; exit 3", "exit code 3")]
    [InlineData("cat >/dev/null; echo no such codec >&2; exit 1", "no such codec")]
    [InlineData("cat >/dev/null; echo garbage garbage garbage garbage", "invalid output")]
    [InlineData("cat >/dev/null; exec head -c 100 /dev/zero", "invalid output")]
    [InlineData("exec yes", "invalid output")]
    [InlineData("kill -9 $$", "exit code 137")]
    [InlineData("yes >&2", "timed out after 2 s")]
    [InlineData("echo x > here; cat here", "exit code")]
    public async Task Misbehaving_program_is_killed_and_its_failure_reported(string script, string said)
    {
        var failure = await Should.ThrowAsync<IOException>(
            RunAsync(await ProgramAsync(script), await ColorsAsync("red"), new ThumbnailCommand(Format, Layout, null),
                TimeSpan.FromSeconds(2)));

        failure.Message.ShouldContain(said);
        failure.Message.Length.ShouldBeLessThan(8000);
        var file = new FileInfo(Path.Combine(_folder.Path, "here"));
        (file.Exists ? file.Length : 0).ShouldBe(0);
    }

    [Fact]
    public async Task Process_with_excessive_output_is_killed()
    {
        // ffmpeg's NUT output, without an end.
        var script =
            "exec ffmpeg -v error -f lavfi -i 'nullsrc=s=1920x1080,noise=alls=100:allf=t' -c:v mjpeg -q:v 1 -t 1000 -f nut -write_index 0 "
            + "pipe:1";
        var failure = await Should.ThrowAsync<IOException>(
            RunAsync(await ProgramAsync(script), await ColorsAsync("red"), new ThumbnailCommand(Format, Layout, null), Timeout));

        failure.Message.ShouldContain("output exceeds");
    }

    [Fact]
    public async Task Missing_program_is_reported()
    {
        var failure = await Should.ThrowAsync<IOException>(
            RunAsync(Path.Combine(_folder.Path, "nothing"), await ColorsAsync("red"), new ThumbnailCommand(Format, Layout, null)));
        failure.Message.ShouldContain("ffmpeg could not be started");
    }

    [Fact]
    public async Task Program_environment_contains_no_secret()
    {
        Environment.SetEnvironmentVariable("BROADCAST__STORAGE__SECRETKEY", "very secret");
        var failure = await Should.ThrowAsync<IOException>(
            RunAsync(await ProgramAsync("cat >/dev/null; env >&2; exit 1"), await ColorsAsync("red"),
                new ThumbnailCommand(Format, Layout, null)));
        failure.Message.ShouldContain("PATH=");
        failure.Message.ShouldNotContain("SECRET");
    }

    [Fact]
    public async Task Program_is_bounded_cannot_gain_privileges_and_has_low_priority()
    {
        var failure = await Should.ThrowAsync<IOException>(RunAsync(
            await ProgramAsync(
                "cat >/dev/null; { grep NoNewPrivs /proc/self/status; ulimit -v; ulimit -t; ulimit -f; ulimit -n; nice; } | tr '\\n\\t' ' "
                + "' >&2; exit 1"),
            await ColorsAsync("red"), new ThumbnailCommand(Format, Layout, null)));
        failure.Message.ShouldContain("NoNewPrivs: 1 3145728 10 0 64 10");
    }

    public void Dispose() => _folder.Dispose();

    private static RenditionFormat Format { get; } = new(TrackKind.Video, "avc1.64001f", 90_000, 640, 360, 30, 0, 0, null);

    /// <summary>Frames of one color each, encoded with B-frames allowed, one second apart.</summary>
    private static async Task<IReadOnlyList<CodedKeyframe>> ColorsAsync(params string[] colors)
    {
        var frames = new List<CodedKeyframe>();
        foreach (var color in colors)
        {
            var samples = await CodedFrames.CreateImageAsync($"color={color}:s=640x360:r=30:d=0.1", "-preset", "veryfast");
            frames.Add(new CodedKeyframe(frames.Count, samples[0].Payload));
            Source ??= NutStream.Of(samples[0].Track.Config, 1, 0);
        }

        return frames;
    }

    private static NutStream? Source { get; set; }

    private static Task<IReadOnlyList<byte[]>> RunAsync(string program, IReadOnlyList<CodedKeyframe> frames, ThumbnailCommand command,
        TimeSpan? timeout = null) =>
        ThumbnailWorker.RunAsync(program, Source!, frames, command, timeout ?? Timeout, CancellationToken.None);

    private async Task<byte[]> DecodeAsync(byte[] jpeg, int width, int height)
    {
        var (file, raw) = (Path.Combine(_folder.Path, "image.jpg"), Path.Combine(_folder.Path, "image.rgb"));
        await File.WriteAllBytesAsync(file, jpeg);
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", raw])).EnsureSuccess();
        var pixels = await File.ReadAllBytesAsync(raw);
        pixels.Length.ShouldBe(width * height * 3);
        return pixels;
    }

    private static void Near(byte[] pixels, int width, int x, int y, (int Red, int Green, int Blue) color)
    {
        var at = ((y * width) + x) * 3;
        var found = string.Create(CultureInfo.InvariantCulture, $"{pixels[at]} {pixels[at + 1]} {pixels[at + 2]} at {x},{y}");
        (Math.Abs(pixels[at] - color.Red) + Math.Abs(pixels[at + 1] - color.Green)
            + Math.Abs(pixels[at + 2] - color.Blue)).ShouldBeLessThan(30, found);
    }

    private async Task<string> ProgramAsync(string script)
    {
        var path = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));
        await File.WriteAllTextAsync(path, $"#!/bin/sh\ncd {_folder.Path}\n{script}\n");
        (await ChildProcess.RunAsync("chmod", ["+x", path])).EnsureSuccess();
        return path;
    }
}
