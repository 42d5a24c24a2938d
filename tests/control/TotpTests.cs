using System.Text;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class TotpTests
{
    private static readonly byte[] Secret = "12345678901234567890"u8.ToArray();

    /// <summary>RFC 6238, appendix B, SHA1: the last six of its eight digits.</summary>
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_match_the_test_vectors_of_the_standard(long seconds, string code)
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(seconds);
        Totp.CodeOf(Secret, Totp.StepOf(at)).ShouldBe(code);
        Totp.Match(Secret, code, at, 0).ShouldBe(Totp.StepOf(at));
    }

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Code_of_an_adjacent_time_step_is_accepted_and_no_other(int steps, bool isTaken)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        (Totp.Match(Secret, Totp.CodeOf(Secret, Totp.StepOf(now) + steps), now, 0) is not null).ShouldBe(isTaken);
    }

    [Fact]
    public void Accepted_and_earlier_time_steps_are_not_accepted_again()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var step = Totp.StepOf(now);
        Totp.Match(Secret, Totp.CodeOf(Secret, step), now, step).ShouldBeNull();
        Totp.Match(Secret, Totp.CodeOf(Secret, step - 1), now, step).ShouldBeNull();
        Totp.Match(Secret, Totp.CodeOf(Secret, step + 1), now, step).ShouldBe(step + 1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("1234567")]
    [InlineData("١٢٣٤٥٦")]
    public void Malformed_code_is_rejected(string code) => Totp.Match(Secret, code, DateTimeOffset.FromUnixTimeSeconds(59), 0)
    .ShouldBeNull();

    /// <summary>RFC 4648, section 10, without padding.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Secret_is_encoded_in_base_32(string text, string base32) => Totp.Base32(Encoding.ASCII.GetBytes(text)).ShouldBe(base32);

    [Fact]
    public void Authenticator_URI_contains_all_parameters() => Totp.UriOf("Broadcast", "jane@example.org", Secret).ShouldBe(
        "otpauth://totp/Broadcast:jane%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Broadcast&algorithm=SHA1&digits=6&period=30");
}
