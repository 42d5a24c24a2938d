using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Transcoder.Failover;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Failover;

/// <summary>Conditions for a failover, and its splice point (row F34 of the edge cases).</summary>
public sealed class SwitchPolicyTests
{
    private static readonly SwitchPolicy Rules = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")), 90_000);

    /// <summary>On air: role, connected, silence. Standby: silence, duration of good input, keyframes. Then the result.</summary>
    public static TheoryData<string, bool, double, double, double, int, string> Cases => new()
    {
        { "Primary", true, 0.0, 0.0, 60, 30, "None" },     // all is well
        { "Primary", true, 0.99, 0.0, 60, 30, "None" },
        { "Primary", true, 1.0, 0.0, 60, 30, "Loss" },     // silent
        { "Primary", false, 0.0, 0.0, 60, 30, "Loss" },    // gone
        { "Primary", false, 9.0, 0.99, 60, 30, "Loss" },
        { "Primary", false, 9.0, 1.0, 60, 30, "None" },    // both are silent
        { "Primary", true, 1.0, 0.0, -0.1, 0, "Loss" },    // regardless of the standby's history
        { "Backup", true, 0.0, 0.0, 9.9, 5, "None" },      // not long enough
        { "Backup", true, 0.0, 0.0, 10, 5, "Return" },
        { "Backup", true, 0.0, 0.0, 10, 1, "None" },       // no keyframes come
        { "Backup", true, 0.0, 1.0, 10, 5, "None" },       // silent again
        { "Backup", true, 1.0, 0.0, 0.5, 1, "Loss" },      // an outage does not wait
        { "Backup", false, 0.0, 0.0, 0.5, 1, "Loss" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Input_goes_on_air_when_the_other_is_lost_or_the_primary_has_recovered_F34(
        string onAir, bool open, double silence, double standbySilence, double good, int keyframes, string expected)
    {
        var role = Enum.Parse<InputRole>(onAir);
        var other = role == InputRole.Primary ? InputRole.Backup : InputRole.Primary;
        Rules.Evaluate(
            new(role, open, TimeSpan.FromSeconds(silence), TimeSpan.FromHours(1), 1000),
            new(other, true, TimeSpan.FromSeconds(standbySilence), TimeSpan.FromSeconds(good), keyframes)).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Ended_input_never_goes_on_air() =>
        Rules.Evaluate(new(InputRole.Primary, false, default, default, 9), new(InputRole.Backup, false, default, TimeSpan.FromHours(1), 9))
        .ShouldBe(SwitchReason.None);

    /// <summary>
    /// End of the current input (decode, present) and keyframe (decode, present), in milliseconds; maximum shift; then result, shift and
    /// gap.
    /// </summary>
    [Theory]
    [InlineData(1000, 1000, 1000, 1000, 1000, true, 0, 0)]
    [InlineData(1000, 1000, 1600, 1600, 1000, true, 0, 600)]
    [InlineData(1000, 1000, 400, 400, 1000, true, 600, 0)]
    [InlineData(1000, 1000, 0, 0, 1000, true, 1000, 0)]
    [InlineData(1001, 1001, 0, 0, 1000, false, 1001, 0)]
    [InlineData(1000, 1066, 1000, 1000, 1000, true, 66, 66)]   // some frames were not shown yet
    [InlineData(1000, 1066, 1000, 1066, 1000, true, 0, 0)]
    public void Keyframe_is_placed_after_the_media_on_air_F34(int decode, int present, int keyDecode, int keyPresent, int longest,
        bool expected, int shift, int gap)
    {
        SwitchPolicy.TryPlace(new(At(decode), At(present)), Keyframe(keyDecode, keyPresent), TimeSpan.FromMilliseconds(longest),
            out var placement).ShouldBe(expected);
        placement.Shift.ShouldBe(At(shift));
        placement.Gap.ShouldBe(TimeSpan.FromMilliseconds(gap));
    }

    [Fact]
    public void Placed_keyframe_never_overlaps_earlier_media() => Check.One(PropertyTest.Config, Prop.ForAll(
        ArbMap.Default.ArbFor<(ushort Decode, ushort Delay, ushort Keyframe, ushort KeyDelay, bool OtherClock)>(),
        c =>
        {
            var end = c.OtherClock
                ? new SwitchedEnd(new(c.Decode * 48L, 48_000), new((c.Decode + c.Delay) * 48L + 1, 48_000))
                : new SwitchedEnd(At(c.Decode), At(c.Decode + c.Delay));
            var key = Keyframe(c.Keyframe, c.Keyframe + c.KeyDelay);
            SwitchPolicy.TryPlace(end, key, TimeSpan.MaxValue, out var placement);
            return key.Decode + placement.Shift >= end.Decode && key.Present + placement.Shift >= end.Present
                && (placement.Shift.Ticks == 0 || key.Decode + placement.Shift - new MediaTime(1, 90_000) < end.Decode
                    || key.Present + placement.Shift - new MediaTime(1, 90_000) < end.Present);
        }));

    private static MediaTime At(int milliseconds) => new(milliseconds * 90L, 90_000);

    private static MediaSample Keyframe(int decode, int present) => new(Video, At(decode), At(present), true, new byte[8], default);
}
