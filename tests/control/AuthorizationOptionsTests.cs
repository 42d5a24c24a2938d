using Broadcast.Control.AuthCallbacks;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class AuthorizationOptionsTests
{
    [Fact]
    public void Default_options_are_valid() => new AuthorizationOptions().Validate().ShouldBeEmpty();

    [Fact]
    public void Every_invalid_option_is_listed()
    {
        var errors = new AuthorizationOptions
        {
            Policy = "some", Format = "other", Url = "ftp://a", DoneUrl = "https://user:pass@a/", Timeout = TimeSpan.Zero,
            MaxConcurrent = 0, FailOpen = true, CreateChannels = true,
            ChatReviewUrl = "host/path", ChatReviewFailure = "ask", Secret = new('s', 24),
        }.Validate().ToList();

        errors.Select(m => m.Split(' ')[0]).ShouldBe(
            "Policy Format Url DoneUrl ChatReviewUrl ChatReviewFailure Timeout MaxConcurrent FailOpen CreateChannels".Split(' ').Select(n => "Authorization:" + n));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("too short", false)]
    [InlineData("long enough to sign with, surely", true)]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true)]
    [InlineData("whsec_not base 64 but long enough", false)]
    [InlineData("whsec_c2hvcnQ=", false)]
    public void Signed_callback_format_requires_a_valid_secret(string? secret, bool good)
    {
        var options = new AuthorizationOptions { Policy = "both", Url = "http://10.0.0.1/hook", Secret = secret };
        options.Validate().Any(m => m.Contains("Authorization:Secret")).ShouldBe(!good);
    }

    [Fact]
    public void Review_webhook_requires_a_secret() =>
        new AuthorizationOptions { ChatReviewUrl = "http://10.0.0.1/review" }.Validate().ShouldHaveSingleItem().ShouldContain("Authorization:Secret");

    [Fact]
    public void Signature_matches_the_Standard_Webhooks_example() =>
        WebhookSignature.Of(
            WebhookSignature.KeyOf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")!, "msg_p5jXN8AQM9LWM0D4loKWxJek",
            DateTimeOffset.FromUnixTimeSeconds(1_614_265_330), """{"test": 2432232314}"""u8)
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}
