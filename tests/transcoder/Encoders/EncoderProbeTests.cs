using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Encoders are probed by checking their output.</summary>
public sealed class EncoderProbeTests : IDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();

    [Theory]
    [InlineData("[h264_nvenc @ 0x55d3219f4880] Cannot load libcuda.so.1", "no NVIDIA driver: Cannot load libcuda.so.1")]
    [InlineData("[h264_nvenc @ 0x1] Driver does not support the required nvenc API version. Required: 11.1 Found: 10.0",
        "the NVIDIA driver is too old for this ffmpeg: Driver does not")]
    [InlineData("[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: out of memory (10): (no details)",
        "the NVIDIA driver's session limit is reached: OpenEncodeSessionEx")]
    [InlineData("[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
        "the NVIDIA driver's session limit is reached: OpenEncodeSessionEx")]
    [InlineData("[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: unsupported device (2): (no details)",
        "the NVIDIA GPU has no encoder: OpenEncodeSessionEx")]
    [InlineData("[h264_qsv @ 0x1] Error initializing an internal MFX session: unsupported (-3)",
        "no Intel GPU with Quick Sync: Error initializing")]
    [InlineData("[AVHWDeviceContext @ 0x1] No VA display found for device /dev/dri/renderD128.",
        "the render node has no VAAPI driver: No VA display")]
    [InlineData("[AVHWDeviceContext @ 0x1] Cannot open a VA display from DRM device /dev/dri/renderD128: Permission denied",
        "no permission to open the render node")]
    [InlineData("Unrecognized option 'delay'.", "this ffmpeg lacks a required option: Unrecognized")]
    [InlineData("[some @ 0x1] [deep @ 0x2] never seen before", "never seen before")]
    public void Encoder_error_is_reported_in_plain_language_with_the_original_message(string line, string told)
    {
        EncoderErrorParser.Describe([line, "Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0"],
            exit: 1).ShouldStartWith(told);
        EncoderErrorParser.Describe([line], exit: 1).ShouldNotContain("0x");
    }

    [Fact]
    public void Missing_output_is_reported_with_the_exit_code()
    {
        EncoderErrorParser.Describe([], exit: 0).ShouldBe("ffmpeg exited without a frame");
        EncoderErrorParser.Describe([], exit: 139).ShouldBe("exit code 139, without output");
    }

    [Theory]
    [InlineData(
        "OpenEncodeSessionEx failed: out of memory (10) | Error initializing output stream 2:0 -- Error while opening encoder for output "
        + "stream #2:0 - maybe", 2)]
    [InlineData("[vost#3:0/h264_nvenc @ 0x1] Error while opening encoder", 3)]
    [InlineData("OpenEncodeSessionEx failed: incompatible client key (21)", null)]
    public void Failed_output_index_is_parsed_from_messages_of_old_and_new_ffmpeg_versions(string said, int? output) =>
    EncoderErrorParser.FailedOutput(said).ShouldBe(output);

    [Fact]
    public async Task Encoders_of_this_machine_are_probed_and_x264_works()
    {
        using var choice = Choice("ffmpeg");

        var standings = await choice.ProbeAsync(TestContext.Current.CancellationToken);

        standings.Select(s => s.Encoder).ShouldBe(EncoderCandidate.All.Select(c => c.Encoder));
        standings.Single(s => s.Encoder == "libx264").Works.ShouldBeTrue();
        standings.ShouldAllBe(s => s.Works == (s.Error == null));
    }

    [Theory]
    [InlineData("exit 0", "ffmpeg exited without a frame")]
    [InlineData("echo '[h264_nvenc @ 0x1] Cannot load libcuda.so.1' >&2; exit 1", "no NVIDIA driver: Cannot load libcuda.so.1")]
    [InlineData("kill -SEGV $$", "exit code 139, without output")]
    [InlineData("head -c 3000000 /dev/urandom; head -c 3000000 /dev/urandom >&2; exit 1", null)]
    [InlineData("echo 0, 0, 0, 1, 900, 0x1; exit 0", "ffmpeg exited without a frame")]
    public async Task Encoder_without_output_frames_does_not_work_regardless_of_its_messages(string script, string? told)
    {
        using var choice = Choice(await ProgramAsync(script));

        var standing = (await choice.ProbeAsync(TestContext.Current.CancellationToken)).Single(s => s.Encoder == "h264_nvenc");

        standing.Works.ShouldBeFalse();
        standing.Error.ShouldNotBeNullOrWhiteSpace();
        standing.Error.ShouldBe(told ?? standing.Error);
        choice.Best(_ => false).ShouldBe(EncodePath.Software);
    }

    [Fact]
    public async Task Missing_ffmpeg_selects_x264()
    {
        using var choice = Choice(_folder.Sub("nothing"));
        (await choice.ProbeAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        choice.IsKnown.ShouldBeTrue();
        choice.Best(_ => false).ShouldBe(EncodePath.Software);
    }

    [Fact]
    public async Task Working_hardware_is_preferred_on_device_unless_it_failed_in_the_session()
    {
        using var choice = Choice(await ProgramAsync(WorkingNvenc));
        await choice.ProbeAsync(TestContext.Current.CancellationToken);

        choice.Best(_ => false).ShouldBe(new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: true));
        choice.Best(r => r.StaysOnDevice).ShouldBe(new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: false));
        choice.Best(r => r.Vendor == EncoderVendor.Nvenc).ShouldBe(EncodePath.Software);
    }

    [Theory]
    [InlineData("x264", "x264")]
    [InlineData("qsv", "x264")]
    [InlineData("nvenc", "NVENC, frames stay on the GPU")]
    public async Task Encoder_option_selects_among_working_encoders(string word, string path)
    {
        using var choice = Choice(await ProgramAsync(WorkingNvenc), word);
        await choice.ProbeAsync(TestContext.Current.CancellationToken);
        choice.Best(_ => false).ToString().ShouldBe(path);
    }

    [Fact]
    public async Task Failed_hardware_is_not_used_until_a_probe_succeeds_again()
    {
        var time = new ManualTimeProvider();
        var broken = _folder.Sub("broken");
        using var choice = Choice(await ProgramAsync($"case \"$*\" in *h264_nvenc*) test -e {broken} && exit 1;; esac\n{WorkingNvenc}"),
            time: time);
        await choice.StartAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => choice.Statuses.Count == EncoderCandidate.All.Count, TimeSpan.FromSeconds(60));

        await File.WriteAllTextAsync(broken, "");
        choice.Exclude(EncoderVendor.Nvenc, "its worker died");
        choice.Best(_ => false).ShouldBe(EncodePath.Software);
        Nvenc().Error.ShouldBe("its worker died");

        var failed = time.GetUtcNow();
        await Poll.UntilAsync(() => Advanced() && Nvenc().ProbedAt > failed, TimeSpan.FromSeconds(60));
        choice.Best(_ => false).ShouldBe(EncodePath.Software);

        File.Delete(broken);
        await Poll.UntilAsync(() => Advanced() && Nvenc().Works, TimeSpan.FromSeconds(60));
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc);
        await choice.StopAsync(TestContext.Current.CancellationToken);

        EncoderStatus Nvenc() => choice.Statuses.Single(s => s.Encoder == "h264_nvenc");

        bool Advanced()
        {
            time.Advance(EncoderSelector.RetryInterval);
            return true;
        }
    }

    [Fact]
    public async Task Hardware_that_failed_in_one_channel_is_excluded_only_if_a_probe_or_another_channel_fails()
    {
        var time = new ManualTimeProvider();
        using var choice = Choice(await ProgramAsync(WorkingNvenc), time: time);
        await choice.StartAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => choice.Statuses.Count == EncoderCandidate.All.Count, TimeSpan.FromSeconds(60));

        choice.Suspect(EncoderVendor.Nvenc, ChannelName.Parse("broken"), "no frame output");
        choice.Suspect(EncoderVendor.Nvenc, ChannelName.Parse("broken"), "no frame output");
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc);
        var suspected = time.GetUtcNow();
        await Poll.UntilAsync(() =>
        {
            time.Advance(EncoderSelector.RetryInterval / 2);
            return choice.Statuses.Single(s => s.Encoder == "h264_nvenc").ProbedAt > suspected;
        }, TimeSpan.FromSeconds(60), "it is probed");
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc, "the probe succeeded");

        time.Advance(EncoderSelector.SuspicionTime);
        choice.Suspect(EncoderVendor.Nvenc, ChannelName.Parse("main"), "no frame output");
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc, "the other channel's failure was long ago");
        choice.Suspect(EncoderVendor.Nvenc, ChannelName.Parse("second"), "no frame output");
        choice.Best(_ => false).ShouldBe(EncodePath.Software);
        await choice.StopAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Script that lists NVENC and outputs frames for it.</summary>
    private const string WorkingNvenc =
        """
        case "$*" in
        *-encoders*) echo ' V....D h264_nvenc           NVIDIA NVENC H.264 encoder (codec h264)';;
        *h264_nvenc*) for i in 0 1 2 3 4 5 6 7; do echo "0, $i, $i, 1, 900, 0x1"; done;;
        *) exit 1;;
        esac
        """;

    private static EncoderSelector Choice(string program, string word = "auto", TimeProvider? time = null) =>
        new(Options.Create(new EncodingOptions { Ffmpeg = program, Encoder = word }), time ?? TimeProvider.System,
            NullLogger<EncoderSelector>.Instance);

    /// <summary>Creates a stand-in for ffmpeg. If the script does not handle the list of encoders, the list contains NVENC.</summary>
    private async Task<string> ProgramAsync(string script)
    {
        var program = _folder.Sub("ffmpeg");
        var list = script.Contains("-encoders", StringComparison.Ordinal) ? ""
            : "case \"$*\" in *-encoders*) echo ' V....D h264_nvenc NVENC'; exit;; esac\n";
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{list}{script}\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        return program;
    }
}
