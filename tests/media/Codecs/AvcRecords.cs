namespace Broadcast.Media.Tests.Codecs;

/// <summary>Configuration records written by x264 (through ffmpeg 5.1, <c>-f flv</c>).</summary>
internal static class AvcRecords
{
    public const string High1080P30 = "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800";
    public const string Baseline720P60 = "0142c020ffe100176742c020da014016ec0440000003004000001e03c60ca801000468ce0fc8";
    public const string Baseline360PNtsc = "0142c01effe100176742c01eda0280bfe5c04400000fa40003a9803c58ba8001000468ce0fc8";
    public const string Main576IWide = "014d401effe1001c674d401ef405a126ffc010000b44000003000400000300c87c50aa8001000468de0fc8";
    public const string Main1080I25 = "014d4028ffe10019674d4028f403c0227ef011000003000100000300321f162ea001000468de0fc8";
    public const string High444Odd = "01f4000dffe1001a67f4000d919681519e3a33011000000300100000030300f142aa01000568ce0f1920fff8f800";
    public const string High422TenBit = "017a001fffe1001b677a001fb6cb405217f113e022000003000200000300c81e30654001000468ce0fc8fefafa00";
    public const string Baseline2160PColors = "0142c033ffe1001a6742c033da00f0010fb016a020202800001f480005dc0078c19501000468ce0fc8";
    public const string HighScalingLists =
        "0164001fffe1001a6764001facd9405005bb011000000300100000030320f183196001000768ebe3cb3002c0fdf8f800";

    public static readonly string[] All =
        [High1080P30, Baseline720P60, Baseline360PNtsc, Main576IWide, Main1080I25, High444Odd, High422TenBit, Baseline2160PColors,
            HighScalingLists];
}
