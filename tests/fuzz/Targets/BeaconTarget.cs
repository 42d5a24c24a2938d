using System.Globalization;
using System.Text;
using Broadcast.Origin.ViewerCounting;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Beacons of playing pages: no exceptions, and accepted ones have a single spelling.</summary>
internal sealed class BeaconTarget : FuzzTarget
{
    public override string Name => "beacon";

    public override int MaxLength => 64;

    public override IReadOnlyList<byte[]> Words { get; } =
        ["play "u8.ToArray(), "left "u8.ToArray(), "0123456789abcdef"u8.ToArray(), "ffffffffffffffff"u8.ToArray()];

    public override void Run(byte[] input, ref Shape shape)
    {
        var isBeacon = Beacon.TryParse(input, out var beacon);
        shape.Kind(isBeacon ? 1 : 0);
        if (!isBeacon)
        {
            Hold(beacon == default, "something was read of what is none");
            return;
        }

        shape.Kind(beacon.IsLeaving ? 2 : 3);
        var again = string.Create(CultureInfo.InvariantCulture, $"{(beacon.IsLeaving ? "left" : "play")} {beacon.Id:x16}");
        Hold(Encoding.Latin1.GetString(input) == again, "a beacon with two spellings");
    }

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = "";
        return false;
    }
}
