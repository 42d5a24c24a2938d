using Broadcast.Host.Roles;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public class RoleTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("all")]
    [InlineData("ingest,transcoder,packager,storage,origin,control")]
    public void All_roles_run_by_default(string? list) => Role.Select(list).ShouldBe(Role.All);

    [Fact]
    public void Unknown_role_is_rejected_with_the_existing_names() =>
        Should.Throw<StartException>(() => Role.Select("ingest,trascoder")).Message.ShouldSatisfyAllConditions(
            m => m.ShouldContain("trascoder"), m => m.ShouldContain("transcoder"));

    [Fact]
    public void Omitting_roles_is_rejected_until_stages_can_run_elsewhere() =>
        Should.Throw<StartException>(() => Role.Select("ingest")).Message.ShouldContain("cannot be omitted yet");

    [Fact]
    public void Roles_are_ordered_downstream_first() =>
        Role.All.Select(r => r.Name).ToList().ShouldSatisfyAllConditions(
            names => names.IndexOf("origin").ShouldBeLessThan(names.IndexOf("packager")),
            names => names.IndexOf("packager").ShouldBeLessThan(names.IndexOf("transcoder")),
            names => names.IndexOf("transcoder").ShouldBeLessThan(names.IndexOf("ingest")));
}
