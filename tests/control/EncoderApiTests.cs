using Broadcast.Control.Api;
using Broadcast.Control.Identity;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The encoders of this machine over the API.</summary>
public sealed class EncoderApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Encoders_are_listed_with_the_reason_for_a_failure_and_tested_again_on_request()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, encoders: new TwoEncoders());
        var admin = await server.TokenAsync(TokenRole.Admin);

        var (_, before, _) = await server.SendAsync("GET", "/api/v1/encoders", admin);
        var (_, after, _) = await server.SendAsync("POST", "/api/v1/encoders/probe", admin);

        before.GetArrayLength().ShouldBe(2);
        before[0].GetProperty("encoder").GetString().ShouldBe("h264_nvenc");
        before[0].GetProperty("works").GetBoolean().ShouldBeFalse();
        before[0].GetProperty("error").GetString().ShouldBe("no NVIDIA driver");
        before[1].GetProperty("works").GetBoolean().ShouldBeTrue();
        before[1].GetProperty("usedForRungs").GetBoolean().ShouldBeTrue();
        before[1].GetProperty("durationMilliseconds").GetInt32().ShouldBe(70);
        after[0].GetProperty("works").GetBoolean().ShouldBeTrue();
    }

    private sealed class TwoEncoders : IEncoderList
    {
        public IReadOnlyList<EncoderInfo> List() =>
        [
            new("h264_nvenc", "nvenc", "h264", UsedForRungs: true, Works: false, "no NVIDIA driver", DateTimeOffset.UnixEpoch,
                TimeSpan.FromMilliseconds(60)),
            new("libx264", "x264", "h264", UsedForRungs: true, Works: true, null, DateTimeOffset.UnixEpoch, TimeSpan.FromMilliseconds(70)),
        ];

        public Task<IReadOnlyList<EncoderInfo>> ProbeAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<EncoderInfo>>([.. List().Select(e => e with { Works = true, Error = null })]);
    }
}
