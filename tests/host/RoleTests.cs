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
    public void All_roles_run_unless_told_otherwise(string? list) => Role.Select(list).ShouldBe(Role.All);

    [Fact]
    public void An_unknown_role_is_refused_with_the_names_that_exist() =>
        Should.Throw<StartException>(() => Role.Select("ingest,trascoder")).Message.ShouldSatisfyAllConditions(
            m => m.ShouldContain("trascoder"), m => m.ShouldContain("transcoder"));

    [Fact]
    public void Leaving_roles_out_is_refused_while_stages_cannot_be_elsewhere() =>
        Should.Throw<StartException>(() => Role.Select("ingest")).Message.ShouldContain("cannot be omitted yet");

    [Fact]
    public void Roles_stand_downstream_first() =>
        Role.All.Select(r => r.Name).ToList().ShouldSatisfyAllConditions(
            names => names.IndexOf("origin").ShouldBeLessThan(names.IndexOf("packager")),
            names => names.IndexOf("packager").ShouldBeLessThan(names.IndexOf("transcoder")),
            names => names.IndexOf("transcoder").ShouldBeLessThan(names.IndexOf("ingest")));
}
