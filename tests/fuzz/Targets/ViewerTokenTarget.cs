using System.Collections.Frozen;
using System.Net;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Viewer tokens: no exceptions, parsed tokens have a single spelling, and only signed ones grant access.</summary>
internal sealed class ViewerTokenTarget : FuzzTarget
{
    private static readonly byte[] Secret = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk"u8.ToArray();
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);
    private static readonly ChannelName Channel = ChannelName.Parse("demo");
    private static readonly string Signed = ViewerToken.Sign("abcdefgh", Secret, Channel, Now.AddHours(1), "jane", null);
    private static readonly ViewerAccessPolicy Policy = new(
        ViewerAccess.Token, new Dictionary<string, byte[]>(StringComparer.Ordinal) { ["abcdefgh"] = Secret }.ToFrozenDictionary(),
        FrozenSet<string>.Empty);

    public override string Name => "viewer-token";

    public override int MaxLength => 400;

    public override IReadOnlyList<byte[]> Words { get; } =
        ["1."u8.ToArray(), "."u8.ToArray(), "-"u8.ToArray(), "demo"u8.ToArray(), "abcdefgh"u8.ToArray(), "1900003600"u8.ToArray(),
            "4cb007105"u8.ToArray(), "620010db8"u8.ToArray(), new byte[43].Select(_ => (byte)'A').ToArray()];

    /// <summary>A valid input, for the seeds.</summary>
    public static byte[] Good(string? address) => Encoding.ASCII.GetBytes(
        ViewerToken.Sign("abcdefgh", Secret, Channel, Now.AddHours(1), "jane",
            ViewerNetwork.TryParseUserInput(address, out var network) ? network : null));

    public override void Run(byte[] input, ref Shape shape)
    {
        var text = Encoding.Latin1.GetString(input);
        var isToken = ViewerToken.TryParse(text, out var token);
        shape.Kind(isToken ? 1 : 0);
        Hold(!isToken || text.Length <= ViewerToken.MaxLength, "a token over the limit");
        if (token is not null)
        {
            shape.Kind(token.Network is null ? 0 : token.Network.Value.Value.Length);
            shape.Size(token.Id.Length);
            shape.Size(token.ExpiresAt.ToUnixTimeSeconds());
            var again = ViewerToken.Sign(token.KeyId, Secret, token.Channel, token.ExpiresAt, token.Id, token.Network,
                token.GrantsPreview);
            Hold(again[..^43] == text[..^43], "a token with two spellings");
            Hold(token.IsSignedWith(Secret) == (again == text), "a signature that is none, or one that is not taken for one");
            Hold(!token.ToString().Contains(text[^43..], StringComparison.Ordinal), "a token that shows itself");
        }

        var refusal = Policy.ValidateToken(Channel, text, IPAddress.Parse("203.0.113.5"), Now, out var good);
        shape.Kind((int)(refusal ?? (ViewerDenialReason)100));
        Hold((refusal is null) == (good is not null), "a token that is good and not there");
        Hold(refusal is not null || text == Signed || token!.IsSignedWith(Secret), "leave for nothing");
        shape.Kind(ViewerNetwork.TryParseUserInput(text, out var network) ? network.Value.Length : 0);
    }

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = "";
        return false;
    }
}
