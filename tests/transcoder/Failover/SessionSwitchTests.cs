using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Broadcast.Transcoder.Failover;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Failover;

/// <summary>Two encoders, one timeline (rows F33 and F34 of the edge cases).</summary>
public sealed class SessionSwitchTests
{
    private const byte P = (byte)'P';
    private const byte B = (byte)'B';

    private static readonly byte[] Record = Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8");
    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Record), 90_000);
    private static readonly Track OtherVideo = new(1, CodecConfig.Avc.Parse([.. Record[..^1], 0xC9]), 90_000);
    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);
    private static readonly Track OtherAudio = new(2, CodecConfig.Aac.Parse([0x12, 0x10]), 44_100);

    [Fact]
    public async Task Single_encoder_passes_through_by_reference_and_unchanged()
    {
        var studio = new FailoverHarness();
        var encoder = studio.Connect(InputRole.Primary, P, Video, Audio);
        studio.Send(5, 2, encoder);
        await encoder.LeaveAsync();

        var run = studio.Runs.ShouldHaveSingleItem();
        run.IsOver.ShouldBeTrue();
        run.Samples.Count.ShouldBe(250);
        run.Samples.ShouldAllBe(s => ReferenceEquals(s.Track, s.Track.Kind == TrackKind.Video ? Video : Audio));
        studio.Inputs.ShouldBeEmpty();
    }

    [Fact]
    public void Silent_primary_is_replaced_within_a_second_from_the_backups_last_keyframe_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(4.5, 1, primary, backup);
        NamesOf(studio.All).ShouldBe("P");
        studio.Send(1.5, 1, backup);

        studio.Runs.Count.ShouldBe(2, "the gap is longer than a frame may be held");
        NamesOf(studio.All).ShouldBe("PB");
        var last = studio.All.Last(s => Name(s) == P && s.Track.Kind == TrackKind.Video);
        var first = studio.All.First(s => Name(s) == B);
        first.IsSync.ShouldBeTrue();
        (first.Decode - last.Decode).ToTimeSpan().ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(0.6),
            "the keyframe was here before the silence was noticed");
        ShouldRise(studio);
    }

    [Fact]
    public async Task Lost_primary_is_replaced_seamlessly_if_the_backup_has_a_recent_keyframe_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio),
            studio.Connect(InputRole.Backup, B, Video with { DeclaredBitsPerSecond = 1_000_000 }, Audio));
        studio.Send(4.12, 2, primary, backup);
        await primary.LeaveAsync();
        studio.Send(2, 2, backup);

        studio.Runs.ShouldHaveSingleItem("same configuration, no gap");
        var frames = studio.All.Where(s => s.Track.Kind == TrackKind.Video).ToList();
        frames.Zip(frames.Skip(1))
            .ShouldAllBe(pair => (pair.Second.Decode - pair.First.Decode).ToTimeSpan() == TimeSpan.FromMilliseconds(40));
        studio.All.ShouldAllBe(s => ReferenceEquals(s.Track, s.Track.Kind == TrackKind.Video ? Video : Audio),
            "nothing has changed for players");
        ShouldRise(studio);
        studio.Inputs.ShouldHaveSingleItem().ShouldSatisfyAllConditions(i => i.Role.ShouldBe(InputRole.Backup),
            i => i.OnAir.ShouldBeTrue());
    }

    [Fact]
    public async Task Failover_misses_at_most_the_backups_keyframe_interval_F34()
    {
        for (var at = 4.0; at < 6; at += 0.12)
        {
            var studio = new FailoverHarness();
            var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
            studio.Send(at, 2, primary, backup);
            await primary.LeaveAsync();
            studio.Send(4, 2, backup);

            NamesOf(studio.All).ShouldBe("PB");
            var last = studio.All.Last(s => Name(s) == P && s.Track.Kind == TrackKind.Video);
            (studio.All.First(s => Name(s) == B).Decode - last.Decode).ToTimeSpan()
                .ShouldBeInRange(TimeSpan.FromMilliseconds(40), TimeSpan.FromSeconds(2.04), $"gone after {at} s");
            ShouldRise(studio);
        }
    }

    [Fact]
    public void Primary_returns_at_a_keyframe_after_ten_good_seconds_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(4, 2, primary, backup);
        studio.Send(4, 2, backup);
        var silentUntil = studio.Time.GetUtcNow();
        studio.Send(9, 2, primary, backup);
        NamesOf(studio.All).ShouldBe("PB");
        studio.Inputs.Select(i => (i.Role, i.State, i.OnAir))
            .ShouldBe([(InputRole.Primary, InputState.Recovering, false), (InputRole.Backup, InputState.Good, true)]);
        studio.Send(6, 2, primary, backup);

        NamesOf(studio.All).ShouldBe("PBP");
        studio.Inputs.Select(i => (i.Role, i.State, i.OnAir))
            .ShouldBe([(InputRole.Primary, InputState.Good, true), (InputRole.Backup, InputState.Good, false)]);
        var samples = studio.All;
        var back = samples[samples.FindLastIndex(s => Name(s) == B) + 1];
        (back.IsSync, back.Track.Kind).ShouldBe((true, TrackKind.Video));
        (back.Arrival - silentUntil).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(10));
        ShouldRise(studio);
    }

    [Fact]
    public void Input_loss_during_recovery_restarts_the_recovery_of_the_primary_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(4, 2, primary, backup);
        for (var i = 0; i < 4; i++)
        {
            studio.Send(2, 2, backup);
            studio.Send(8, 2, primary, backup);
        }

        NamesOf(studio.All).ShouldBe("PB");
    }

    [Fact]
    public async Task Loss_of_the_backup_switches_to_a_recovering_primary_at_once_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(4, 1, primary, backup);
        studio.Send(3, 1, backup);
        studio.Send(3, 1, primary, backup);
        await backup.LeaveAsync();
        studio.Send(2, 1, primary);

        NamesOf(studio.All).ShouldBe("PBP");
        ShouldRise(studio);
    }

    [Fact]
    public void First_of_two_silent_inputs_to_resume_goes_on_air_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(4, 2, primary, backup);
        studio.Send(20, 2);
        studio.Inputs.Select(i => (i.State, i.BitsPerSecond)).ShouldBe([(InputState.Silent, 0L), (InputState.Silent, 0L)]);
        studio.Send(2, 2, primary);
        NamesOf(studio.All).ShouldBe("P");
        studio.Send(20, 2);
        studio.Send(2, 2, backup);

        NamesOf(studio.All).ShouldBe("PB");
        ShouldRise(studio);
    }

    [Fact]
    public async Task Another_configuration_or_other_tracks_start_a_new_publication_F34()
    {
        foreach (var tracks in new Track[][] { [OtherVideo, Audio], [Video, OtherAudio], [Video], [Audio with { Id = 1 }],
            [Video, Audio, OtherAudio with { Id = 3 }] })
        {
            var studio = new FailoverHarness();
            var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, tracks));
            studio.Send(4.12, 2, primary, backup);
            await primary.LeaveAsync();
            studio.Send(3, 2, backup);

            studio.Runs.Count.ShouldBe(2);
            studio.Runs[0].IsOver.ShouldBeTrue();
            NamesOf(studio.Runs[0].Samples).ShouldBe("P");
            NamesOf(studio.Runs[1].Samples).ShouldBe("B");
            studio.Runs[1].Tracks.ShouldBe(tracks);
            studio.Runs[1].Samples[0].IsSync.ShouldBeTrue();
            studio.Runs[1].Samples[0].Decode.ShouldBeGreaterThan(studio.Runs[0].Samples.Last(s => s.Track.Kind == TrackKind.Video).Decode);
        }
    }

    [Fact]
    public async Task Tracks_with_other_ids_continue_in_the_existing_tracks_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio),
            studio.Connect(InputRole.Backup, B, Audio with { Id = 1 }, Video with { Id = 2 }));
        studio.Send(4.12, 2, primary, backup);
        await primary.LeaveAsync();
        studio.Send(3, 2, backup);

        studio.Runs.ShouldHaveSingleItem().Samples.ShouldAllBe(s => ReferenceEquals(s.Track, Video) || ReferenceEquals(s.Track, Audio));
        NamesOf(studio.All.Where(s => s.Track == Audio)).ShouldBe("PB");
        ShouldRise(studio);
    }

    [Theory]
    [InlineData(0.3, 0)]
    [InlineData(-0.3, 0)]
    [InlineData(3, 0)]
    [InlineData(0, 0.08)]
    [InlineData(-0.9, 0.08)]
    public async Task Times_increase_without_overlap_even_if_one_input_is_ahead_of_the_other_F34(double ahead, double delay)
    {
        var studio = new FailoverHarness();
        var primary = studio.Connect(InputRole.Primary, P, Video, Audio);
        primary.Delay = TimeSpan.FromSeconds(delay);
        studio.Send(4, 2, primary);   // the clock must have advanced enough for earlier times to exist
        var backup = studio.Connect(InputRole.Backup, B, Video, Audio);
        backup.Ahead = TimeSpan.FromSeconds(ahead);
        studio.Send(4.12, 2, primary, backup);
        await primary.LeaveAsync();
        studio.Send(6, 2, backup);
        var again = studio.Connect(InputRole.Primary, P, Video, Audio);
        again.Delay = TimeSpan.FromSeconds(delay);
        studio.Send(14, 2, again, backup);

        NamesOf(studio.All).ShouldBe("PBP");
        ShouldRise(studio);
    }

    [Fact]
    public async Task Audio_before_the_end_of_the_previous_input_is_dropped_F34()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        backup.AudioLag = TimeSpan.FromSeconds(0.3);
        studio.Send(4.12, 2, primary, backup);
        await primary.LeaveAsync();
        studio.Send(2, 2, backup);

        studio.Runs.ShouldHaveSingleItem();
        NamesOf(studio.All.Where(s => s.Track.Kind == TrackKind.Audio)).ShouldBe("PB");
        ShouldRise(studio);
    }

    [Fact]
    public void Takeover_in_the_same_role_cuts_the_old_publisher_off_permanently_F33()
    {
        var studio = new FailoverHarness();
        var old = studio.Connect(InputRole.Primary, P, Video, Audio);
        studio.Send(2, 1, old);
        var newcomer = studio.Connect(InputRole.Primary, B, Video, Audio);
        studio.Send(1, 1, old);
        studio.Send(2, 1, old, newcomer);

        NamesOf(studio.All).ShouldBe("PB");
        studio.Runs.Count.ShouldBe(2);
        studio.Runs[0].IsOver.ShouldBeTrue();
        studio.Inputs.ShouldHaveSingleItem().OnAir.ShouldBeTrue();
        ShouldRise(studio);
    }

    [Fact]
    public async Task Output_of_a_replaced_publisher_that_hangs_is_canceled_with_its_connection_F33()
    {
        var studio = new FailoverHarness { Hangs = true };
        var old = studio.Connect(InputRole.Primary, P, Video, Audio);
        studio.Send(1, 1, old);
        var newcomer = studio.Connect(InputRole.Primary, B, Video, Audio);
        studio.Send(1, 1, newcomer);
        studio.Runs.Count.ShouldBe(1, "the next publication waits");

        old.Cut();
        await Should.ThrowAsync<OperationCanceledException>(old.LeaveAsync);
        await Poll.UntilAsync(() => studio.Runs.Count == 2 && studio.Runs[1].Samples.Count == 50, TimeSpan.FromSeconds(20));
        NamesOf(studio.All).ShouldBe("B");
        studio.Inputs.ShouldHaveSingleItem().OnAir.ShouldBeTrue();
    }

    [Fact]
    public void Standby_buffer_is_bounded_and_a_switch_then_waits_for_the_next_keyframe_F34()
    {
        var studio = new FailoverHarness(new() { GopBufferBytes = 20_000 });
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        backup.Size = 1000;   // 25 KB per second
        studio.Send(4.52, 2, primary, backup);
        studio.Send(1, 2, backup);
        NamesOf(studio.All).ShouldBe("P");
        studio.Send(1, 2, backup);

        NamesOf(studio.All).ShouldBe("PB");
        studio.All.First(s => Name(s) == B).IsSync.ShouldBeTrue();
        ShouldRise(studio);
    }

    [Fact]
    public async Task Downstream_failure_ends_the_input_on_air_and_the_other_starts_a_new_publication()
    {
        var studio = new FailoverHarness();
        var (primary, backup) = (studio.Connect(InputRole.Primary, P, Video, Audio), studio.Connect(InputRole.Backup, B, Video, Audio));
        studio.Send(2, 1, primary, backup);
        studio.Fails = true;
        studio.Send(0.08, 1, primary, backup);

        await Should.ThrowAsync<InvalidOperationException>(() => primary.Running.WaitAsync(TimeSpan.FromSeconds(20)));
        backup.Running.IsCompleted.ShouldBeFalse();
        studio.Send(2, 1, backup);
        NamesOf(studio.Runs[^1].Samples).ShouldBe("B");
    }

    [Fact]
    public async Task Bitrate_and_state_of_each_input_are_reported_F34()
    {
        var studio = new FailoverHarness();
        var primary = studio.Connect(InputRole.Primary, P, Video, Audio);
        (studio.Inputs[0].State, studio.Inputs[0].BitsPerSecond).ShouldBe((InputState.Waiting, null));
        var since = studio.Time.GetUtcNow();
        primary.Size = 5000;
        var backup = studio.Connect(InputRole.Backup, B, Video, Audio);
        studio.Send(5, 2, primary, backup);

        studio.Inputs[0].ShouldBe(new(InputRole.Primary, InputState.Good, true, since, studio.Inputs[0].BitsPerSecond));
        studio.Inputs[0].BitsPerSecond!.Value.ShouldBeInRange(900_000, 1_100_000);
        studio.Inputs[1].BitsPerSecond!.Value.ShouldBeInRange(2_000, 4_000);
        await backup.LeaveAsync();
        studio.Inputs.ShouldHaveSingleItem().Role.ShouldBe(InputRole.Primary);
    }

    private static byte Name(MediaSample sample) => sample.Payload.Span[0];

    /// <summary>Sources of the samples in order, one entry per uninterrupted series.</summary>
    private static string NamesOf(IEnumerable<MediaSample> samples)
    {
        var names = "";
        foreach (var sample in samples)
        {
            var name = (char)Name(sample);
            names = names.EndsWith(name) ? names : names + name;
        }

        return names;
    }

    /// <summary>
    /// Checks that in each track decode times increase by at least a frame at splice points, and no frame is presented before the end of
    /// the previous input.
    /// </summary>
    private static void ShouldRise(FailoverHarness studio)
    {
        foreach (var kind in Enum.GetValues<TrackKind>())
        {
            var samples = studio.All.Where(s => s.Track.Kind == kind).ToList();
            foreach (var (one, next) in samples.Zip(samples.Skip(1)))
            {
                next.Decode.ShouldBeGreaterThan(one.Decode);
                if (Name(one) != Name(next))
                {
                    (next.Decode - one.Decode).ToTimeSpan().ShouldBeGreaterThan(TimeSpan.FromMilliseconds(39.9));
                    (next.Present - one.Present).ToTimeSpan().ShouldBeGreaterThan(TimeSpan.FromMilliseconds(39.9));
                }
            }
        }
    }
}
