using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>
/// Hardware failures during a session, simulated by a script that runs x264 for NVENC's arguments: the rungs continue with the next encoder
/// at the first missing frame.
/// </summary>
public sealed class HardwareFailureHistoryTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly EncodingHarness _bench = new();
    private EncodingState? _state;

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public async Task Hardware_that_dies_or_hangs_is_replaced_by_software_without_losing_a_frame(string signal)
    {
        var source = await CodedFrames.MakeAsync(6, "320x300", 30, "-g", "300");
        var program = await NvencAsync(Imitate);
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source, async i =>
        {
            if (i == 60)
            {
                await Poll.UntilAsync(() => _bench.Count > 30, Timeout);
                (await ChildProcess.RunAsync("kill", [$"-{signal}", (await StartsAsync())[0].Split(' ')[0]])).EnsureSuccess();
            }
        });

        (await StartsAsync()).Select(s => s.Split(' ', 2)[1]).ShouldBe(["h264_nvenc cuda", "libx264"]);
        var rung = _bench.Read().ShouldHaveSingleItem().Value;
        rung.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        rung.Count(s => s.IsSync).ShouldBe(2);

        // x264 uses other parameters than the previous encoder: its parameter sets come with a new track, from then on.
        rung.Select(s => s.Track).Distinct().Count().ShouldBe(2);
        rung.Zip(rung.Skip(1)).ShouldAllBe(p => ReferenceEquals(p.First.Track, p.Second.Track) || p.Second.IsSync);
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc, "its failure in one channel does not stop the others");

        // The channel's status shows it.
        _state!.Encoder.ShouldBe("x264");
        _state.Rungs.ShouldHaveSingleItem().Name.ShouldBe("240p");
        _state.Restarts.ShouldBe(1);
        _state.DegradationLevel.ShouldBe(0);
        _state.Reason!.ShouldContain(signal == "STOP" ? "no frame output" : "exit code 137");
    }

    [Theory]
    [InlineData("exec sleep 1000", "h264_nvenc cuda, libx264", "it hangs before it connects")]
    [InlineData("kill -STOP $$", "h264_nvenc cuda, libx264", "it hangs at once")]
    [InlineData("echo '[h264_nvenc @ 0x1] no frames of this kind' >&2; exit 1", "h264_nvenc cuda, h264_nvenc, libx264",
        "it can neither decode nor encode")]
    [InlineData("kill -SEGV $$", "h264_nvenc cuda, h264_nvenc, libx264", "it crashes")]
    public async Task Hardware_that_never_produces_a_frame_loses_none(string script, string starts, string why)
    {
        var source = await CodedFrames.MakeAsync(5, "320x300", 30, "-g", "300");
        var program = await NvencAsync(script);
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source);

        string.Join(", ", (await StartsAsync()).Select(s => s.Split(' ', 2)[1])).ShouldBe(starts, why);
        var rung = _bench.Read().ShouldHaveSingleItem(why).Value;
        rung.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks), why);
        rung.Count(s => s.IsSync).ShouldBe(1, why);
    }

    [Fact]
    public async Task Hardware_that_cannot_decode_a_source_still_encodes_it()
    {
        var source = await CodedFrames.MakeAsync(2, "320x300", 30);
        var program =
            await NvencAsync($"case \"$*\" in *hwaccel*) echo 'Impossible to convert between the formats' >&2; exit 1;; esac\n{Imitate}");
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source);

        (await StartsAsync()).Select(s => s.Split(' ', 2)[1]).ShouldBe(["h264_nvenc cuda", "h264_nvenc"]);
        _bench.Read().ShouldHaveSingleItem().Value.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc);
    }

    [Fact]
    public async Task Rungs_above_a_drivers_session_limit_are_encoded_in_software_by_the_same_worker()
    {
        var source = await CodedFrames.MakeAsync(3, "640x480", 30, "-g", "40");
        var program = await NvencAsync(
            $"""
            case "$*" in *h264_nvenc*h264_nvenc*)
              echo '[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: out of memory (10): (no details)' >&2
              echo 'Error initializing output stream 1:0 -- Error while opening encoder for output stream #1:0 - maybe incorrect parameters' >&2
              exit 1;;
            esac
            {Imitate}
            """);
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source);

        (await StartsAsync()).Select(s => s.Split(' ', 2)[1]).ShouldBe(["h264_nvenc h264_nvenc cuda", "h264_nvenc libx264 cuda"]);
        var rungs = _bench.Read();
        rungs.Keys.ShouldBe(["360p", "240p"], ignoreOrder: true);
        rungs.Values.ShouldAllBe(rung => rung.Select(s => s.Present.Ticks).SequenceEqual(source.Select(s => s.Present.Ticks)));
        choice.Best(_ => false).Vendor.ShouldBe(EncoderVendor.Nvenc);
    }

    [Fact]
    public async Task Driver_that_accepts_no_session_moves_this_and_later_sessions_to_software()
    {
        var source = await CodedFrames.MakeAsync(2, "320x300", 30);
        var program = await NvencAsync(
            "echo '[h264_nvenc @ 0x1] OpenEncodeSessionEx failed: incompatible client key (21): (no details)' >&2; exit 1");
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source);

        (await StartsAsync()).Select(s => s.Split(' ', 2)[1]).ShouldBe(["h264_nvenc cuda", "libx264"]);
        _bench.Read().ShouldHaveSingleItem().Value.Count.ShouldBe(source.Count);
        choice.Best(_ => false).ShouldBe(EncodePath.Software);
        choice.Statuses.Single(s => s.Encoder == "h264_nvenc").Error!.ShouldContain("incompatible client key");
    }

    /// <summary>Effect on other sessions, by the end of the worker.</summary>
    [Theory]
    [InlineData(true, true, false, "Suspected")]
    [InlineData(true, false, false, "Suspected")]
    [InlineData(true, true, true, "SessionOnly")]
    [InlineData(true, false, true, "SessionOnly")]
    [InlineData(false, true, true, "SessionOnly")]
    public void Failure_with_decoder_errors_does_not_count_against_the_hardware(bool hasOutput, bool hasHung, bool hasDecoderErrors,
        string fault)
    {
        var path = new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: false);
        var history = new HardwareFailureHistory(TimeProvider.System);
        history.Add(new WorkerExit(path, TimeSpan.FromSeconds(20), hasOutput, hasHung, "no frame output") { HasDecoderErrors =
            hasDecoderErrors }).ToString().ShouldBe(fault);
        history.IsAvoided(path).ShouldBeTrue("this session uses another encoder");
    }

    [Theory]
    [InlineData("head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2", "", "h264_nvenc cuda", "it talks nonsense, and encodes")]
    [InlineData("", "-f h264", "h264_nvenc cuda, h264_nvenc, libx264", "it sends something else than NUT")]
    public async Task Garbage_on_stdout_is_ignored_and_garbage_on_a_socket_ends_the_worker(string before, string format,
        string starts, string why)
    {
        var source = await CodedFrames.MakeAsync(4, "320x300", 30, "-g", "300");
        var program =
            await NvencAsync(
                $"{before}\n{(format.Length > 0 ? Imitate.Replace("pipe:3)", $"pipe:[4-9]) set -- \"$@\" {format} \"$a\";;\n  pipe:3)", StringComparison.Ordinal) : Imitate)}");
        using var choice = await EncodingHarness.ProvedAsync(program);

        await LiveAsync(program, choice, source);

        string.Join(", ", (await StartsAsync()).Select(s => s.Split(' ', 2)[1])).ShouldBe(starts, why);
        _bench.Read().ShouldHaveSingleItem(why).Value.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks), why);
    }

    public void Dispose() => _bench.Dispose();

    /// <summary>Runs x264 for NVENC's arguments, and scales on the CPU instead of the GPU.</summary>
    private const string Imitate =
        """
        n=$#
        while [ $n -gt 0 ]; do
          a=$1; shift; n=$((n-1))
          case "$a" in
          -init_hw_device|-filter_hw_device|-hwaccel|-hwaccel_device|-hwaccel_output_format|-tune|-rc|-delay|-rc-lookahead|-no-scenecut|-b_adapt|-zerolatency) shift; n=$((n-1));;
          -preset) shift; n=$((n-1)); set -- "$@" -preset ultrafast -tune zerolatency -flags +cgop -sc_threshold 0;;
          h264_nvenc) set -- "$@" libx264;;
          pipe:3) set -- "$@" "$a";;
          *scale*) set -- "$@" "$(echo "$a" | sed 's/:interp_algo=bicubic:format=nv12//g; s/scale_cuda/scale/g; s/hwdownload,//g')";;
          *) set -- "$@" "$a";;
          esac
        done
        exec ffmpeg "$@"
        """;

    /// <summary>
    /// Creates a program that passes the probe of NVENC, records its calls, and runs a script for calls to NVENC; others go to ffmpeg.
    /// </summary>
    private Task<string> NvencAsync(string script) => _bench.ProgramAsync(
        $"""
        case "$*" in
        *-encoders*) echo ' V....D h264_nvenc           NVIDIA NVENC H.264 encoder (codec h264)'; exit;;
        *lavfi*h264_nvenc*) for i in 0 1 2 3 4 5 6 7; do echo "0, $i, $i, 1, 900, 0x1"; done; exit;;
        *lavfi*) exit 1;;
        esac
        what=$$
        for word; do case "$word" in h264_nvenc|libx264) what="$what $word";; esac; done
        case "$*" in *hwaccel*) what="$what cuda";; esac
        echo "$what" >> {StartsFile}
        case "$*" in *h264_nvenc*) ;; *) exec ffmpeg "$@";; esac
        {script}
        """);

    private string StartsFile => Path.Combine(_bench.Folder, "starts");

    private async Task<string[]> StartsAsync() => await File.ReadAllLinesAsync(StartsFile);

    private async Task LiveAsync(string program, EncoderSelector choice, IReadOnlyList<MediaSample> source,
        Func<int, Task>? meanwhile = null)
    {
        await using var encoder = _bench.Encoder(program, "auto", "low", choice);
        for (var i = 0; i < source.Count; i++)
        {
            encoder.Push(source[i]);
            await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
            if (meanwhile is not null)
            {
                await meanwhile(i);
            }
        }

        _state = encoder.State;
    }
}
