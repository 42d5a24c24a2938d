using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Cluster.Tests;

public sealed class ClusterOptionsTests
{
    [Theory]
    [InlineData("Address", "10.0.0.2:8090", true)]
    [InlineData("Address", "10.0.0.2", false)]
    [InlineData("MirrorIdle", "00:00:05", true)]
    [InlineData("MirrorIdle", "00:00:04.9", false)]
    [InlineData("MirrorIdle", "01:00:01", false)]
    [InlineData("MirrorLost", "00:00:01", true)]
    [InlineData("MirrorLost", "00:00:00.9", false)]
    [InlineData("MirrorLost", "00:01:01", false)]
    [InlineData("MirrorMemory", "16777216", true)]
    [InlineData("MirrorMemory", "16777215", false)]
    [InlineData("MirrorMemory", "68719476737", false)]
    public void Values_are_checked(string option, string value, bool isValid)
    {
        var read = () => Read((option, value));
        if (isValid)
        {
            read.ShouldNotThrow();
        }
        else
        {
            read.ShouldThrow<OptionsValidationException>().Message.ShouldContain($"Cluster:{option}");
        }
    }

    [Fact]
    public void Unknown_options_are_rejected() => Should.Throw<InvalidOperationException>(() => Read(("Adress", "10.0.0.2:8090")));

    [Fact]
    public void Without_a_shared_database_there_is_no_cluster()
    {
        var services = new ServiceCollection();
        services.AddCluster(new ConfigurationBuilder().Build());
        services.ShouldNotContain(service => service.ServiceType == typeof(Media.OriginToCluster.ISessionMirrors));
    }

    private static ClusterOptions Read(params (string Option, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Cluster:{setting.Option}", (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddCluster(configuration);
        return services.BuildServiceProvider().GetRequiredService<IOptions<ClusterOptions>>().Value;
    }
}
